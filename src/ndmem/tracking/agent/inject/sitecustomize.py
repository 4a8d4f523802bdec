"""Starts tracking in a program that ``ndmem run`` launched, and in the interpreters that it starts, before their code.

Python imports a module of this name at its start; ``ndmem run`` puts this folder first on ``PYTHONPATH``. The
program must not see any of it, so this module takes itself away again and lets the environment's own
``sitecustomize``, if there is one, have its turn.
"""

import os
import sys


def _withdraw() -> None:
    """Undo what brought this module here."""
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120  # pathlib costs 5 ms of every start
    sys.path[:] = [entry for entry in sys.path if entry != here]
    sys.path_importer_cache.pop(here, None)


def _restore(variable: str, sign: str) -> None:
    """Take our part, the first one, out of a variable that was there before (+), was not (-), or has none (=)."""
    _, _, rest = os.environ.get(variable, "").partition(os.pathsep)
    if sign == "+":
        os.environ[variable] = rest
    elif sign == "-":
        os.environ.pop(variable, None)


def _join(invitation: str) -> None:
    """Track an interpreter that a tracked program started, if it can be: it must run in any case."""
    signs, _, rest = invitation.partition(":")
    for variable, sign in zip(("PYTHONPATH", "LD_PRELOAD"), signs):  # noqa: B905  # a sign each
        _restore(variable, sign)
    try:
        from ndmem.tracking.child import join  # noqa: PLC0415  # may be missing here, see below
    except ImportError:  # another environment, or another Python than that of the program
        return
    join(rest)


_withdraw()
_invitation = os.environ.pop("NDMEM_CHILD", None)
if "NDMEM_RUN" in os.environ:
    from ndmem.tracking.child import begin

    begin(os.environ.pop("NDMEM_RUN"))
elif _invitation is not None:
    _join(_invitation)
# The sitecustomize that would have been imported without us. If there is none, the error that says so leaves
# this module too, and Python takes it as it would have: it goes on without one.
del sys.modules["sitecustomize"]
import sitecustomize  # type: ignore[import-not-found]  # noqa: E402, F401  # may be there or not, see above

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


def _restore_pythonpath(sign: str) -> None:
    """Take this folder out of the variable, which was there before if the sign is a plus."""
    _, _, rest = os.environ.get("PYTHONPATH", "").partition(os.pathsep)
    if sign == "+":
        os.environ["PYTHONPATH"] = rest
    else:
        os.environ.pop("PYTHONPATH", None)


def _join(invitation: str) -> None:
    """Track an interpreter that a tracked program started, if it can be: it must run in any case."""
    sign, _, rest = invitation.partition(":")
    _restore_pythonpath(sign)
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

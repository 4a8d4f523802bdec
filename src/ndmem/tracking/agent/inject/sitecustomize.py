"""Start tracking in a program that ``ndmem run`` launched, and in its child interpreters, before their code runs.

Python imports a module of this name at its start; ``ndmem run`` puts this folder first on ``PYTHONPATH``. The
program must not notice, so this module removes itself and imports the environment's own ``sitecustomize``, if there
is one.
"""

import os
import sys


def _remove_from_path() -> None:
    """Remove this folder from ``sys.path``."""
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120  # pathlib costs 5 ms of every start
    sys.path[:] = [entry for entry in sys.path if entry != here]
    sys.path_importer_cache.pop(here, None)


def _restore(variable: str, sign: str) -> None:
    """Remove ndmem's part, the first one, from a variable that was set before (+), was not set (-), or has none (=)."""
    _, _, rest = os.environ.get(variable, "").partition(os.pathsep)
    if sign == "+":
        os.environ[variable] = rest
    elif sign == "-":
        os.environ.pop(variable, None)


def _begin_in_child(value: str) -> None:
    """Track an interpreter that a tracked program started, if possible: it must run in any case."""
    signs, _, settings = value.partition(":")
    for variable, sign in zip(("PYTHONPATH", "LD_PRELOAD"), signs):  # noqa: B905  # a sign each
        _restore(variable, sign)
    try:
        from ndmem.tracking.agent.agent import begin_in_child  # may be missing here, see below
    except ImportError:  # another environment, or another Python than that of the program
        return
    begin_in_child(settings)


_remove_from_path()
_child = os.environ.pop("NDMEM_CHILD", None)
if "NDMEM_RUN" in os.environ:
    from ndmem.tracking.agent.agent import begin

    begin(os.environ.pop("NDMEM_RUN"))
elif _child is not None:
    _begin_in_child(_child)
# The sitecustomize that Python imports without ndmem. If there is none, the ImportError leaves this module too, and
# Python handles it as it does without ndmem: it goes on.
del sys.modules["sitecustomize"]
import sitecustomize  # type: ignore[import-not-found]  # noqa: E402, F401  # may be there or not, see above

"""Starts tracking in a program that ``ndmem run`` launched, before any of its code runs.

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


_withdraw()
if "NDMEM_RUN" in os.environ:
    from ndmem.tracking.child import begin

    begin(os.environ.pop("NDMEM_RUN"))
# The sitecustomize that would have been imported without us. If there is none, the error that says so leaves
# this module too, and Python takes it as it would have: it goes on without one.
del sys.modules["sitecustomize"]
import sitecustomize  # type: ignore[import-not-found]  # noqa: E402, F401  # may be there or not, see above

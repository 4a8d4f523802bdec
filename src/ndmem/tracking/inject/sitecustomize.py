"""Starts tracking in a program that ``ndmem run`` launched, before any of its code runs.

Python imports a module of this name at its start; ``ndmem run`` puts this folder first on ``PYTHONPATH``. The
program must not see any of it, so this module takes itself away again and lets the environment's own
``sitecustomize``, if there is one, have its turn.
"""

import importlib
import os
import sys


def _withdraw() -> None:
    """Undo what brought this module here."""
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120  # pathlib costs 5 ms of every start
    sys.path[:] = [entry for entry in sys.path if entry != here]
    sys.path_importer_cache.pop(here, None)


def _give_way() -> None:
    """Import the sitecustomize that would have been imported without us."""
    ours = sys.modules.pop("sitecustomize")
    try:
        importlib.import_module("sitecustomize")
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
        sys.modules["sitecustomize"] = ours  # whoever imports a module expects to find it there afterwards


_withdraw()
if "NDMEM_RUN" in os.environ:
    from ndmem.tracking.child import begin

    begin(os.environ.pop("NDMEM_RUN"))
_give_way()

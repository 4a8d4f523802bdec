"""When recording begins in a running program, find the arrays that it has already.

The search lies outside the agent, and it is imported only then.
"""

from __future__ import annotations

import gc
import time

from .own_imports import import_own
from .search_at_end import LIMITS, find_shortage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST_OBJECTS = 3_000_000
"""Objects that are looked through at most: the program waits for it."""

_MOST_ARRAYS = 1000
"""Buffers that are described at most, the largest ones; the others are counted."""

_SEARCH = "ndmem.weighing.live.arrays_before"


def find_before(native: Any, *, smallest: int) -> dict[str, Any]:
    """Return the arrays that exist and are not recorded, as the fields of `ndmem.model.arrays_before.ArraysBefore`.

    Parameters
    ----------
    native : module
        The native core.
    smallest : int
        Buffers of fewer bytes are only counted.
    """
    begin = time.perf_counter()
    collects, quiet = gc.isenabled(), native.quiet(True)
    gc.disable()  # the search allocates much
    try:
        found, note = _search(smallest)
    except Exception as error:
        found, note = {}, f"looking for them failed ({type(error).__name__}: {error})"
    finally:
        if quiet:
            native.quiet(False)
        if collects:
            gc.enable()
    # Not a float: the journal's encoder has none.
    return {
        "arrays": [],
        "count": 0,
        "nbytes": 0,
        **found,
        "note": note,
        "seconds": f"{time.perf_counter() - begin:.3f}",
    }


def _search(smallest: int) -> tuple[dict[str, Any], str]:
    """Return what was found, or why nothing was looked for."""
    count = len(gc.get_objects())
    if count > _MOST_OBJECTS:
        return {}, f"its {count:,} objects are too many to look through"
    with import_own(LIMITS, _SEARCH) as (machine, search):
        free = find_shortage(count, machine)
        if free is not None:
            return {}, f"only {free // 2**20} MiB of memory were free to look for them"
        return search.find_arrays_before(smallest=smallest, most=_MOST_ARRAYS), ""

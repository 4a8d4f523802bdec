"""One sentence that says what a process's resident memory is, from its largest part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from ndmem.model.memory.breakdown import Breakdown

_MEANING: Final = {
    "heap": "is other memory in use from malloc, such as large dicts and lists or work memory of libraries",
    "freed": "was freed and is kept by malloc; not a leak",
    "arrow": "is in use from Arrow's memory pool",
    "python_used": "is in small Python objects",
    "python_free": "is free for small Python objects in arenas that others keep in place; not a leak",
    "libraries": "is code and data of libraries",
    "mapped": "is pages of mapped files, which the system can give up when memory is short",
    "shared": "is shared memory, which other processes may have too",
    "stacks": "is stacks of threads",
    "unexplained": "is not explained: memory that libraries map themselves, or another allocator than malloc",
}


def conclude(breakdown: Breakdown) -> str:
    """Write what a process's RSS mainly is.

    Parameters
    ----------
    breakdown : Breakdown
        The parts.

    Returns
    -------
    str
        A sentence without its full stop.
    """
    return _trimmed(breakdown) + _largest(breakdown)


def _trimmed(breakdown: Breakdown) -> str:
    if breakdown.before is None:
        return ""
    given = breakdown.before.rss - breakdown.rss
    return f"malloc gave back {format_nbytes(given)}. " if given > 0 else "malloc gave nothing back. "


def _largest(breakdown: Breakdown) -> str:
    rss = f"RSS is {format_nbytes(breakdown.rss)}"
    known = {name: nbytes for name, nbytes in breakdown.parts.items() if nbytes is not None}
    known["unexplained"] = breakdown.unexplained
    largest = max(known, key=lambda name: known[name])
    if breakdown.arrays is None:
        if largest == "unexplained":
            return f"{rss}: {format_nbytes(known[largest])} is private memory (details only from inside the process)"
        return f"{rss}: {format_nbytes(known[largest])} {_MEANING[largest]}"
    if largest != "arrays":
        arrays = f"live arrays are {format_nbytes(breakdown.arrays)}"
        return f"{rss}, but {arrays}: {format_nbytes(known[largest])} {_MEANING[largest]}"
    text = f"{rss}, of which {format_nbytes(breakdown.arrays)} are live arrays"
    if breakdown.freed and breakdown.freed > breakdown.rss // 10:
        text += f"; {format_nbytes(breakdown.freed)} {_MEANING['freed']}"
    return text

"""Describe an allocation that exceeded a budget: its line, and what was live."""

from __future__ import annotations

import heapq
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ndmem import _native
from ndmem.errors import BudgetExceeded
from ndmem.model.memory import excess
from ndmem.model.memory.excess import LiveLine
from ndmem.model.site import Site
from ndmem.notebook_cells import name_cell
from ndmem.reporting.memory.excess_message import describe_excess
from ndmem.reporting.relative_path import shorten_path
from ndmem.tracking.recorder import untracked
from ndmem.user_code import find_library_roots, is_below, is_user_code
from ndmem.weighing.live.arrays import find_arrays

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from ndmem.model.memory.live import ArrayBuffer

_MOST_BUFFERS = 5
# Smaller buffers do not explain an excess, and naming a million of them would take minutes.
_SMALLEST_SHARE = 100
# A program with more stacks compiles code in a loop; the smallest of them do not explain an excess.
_MOST_STACKS = 10_000

Place = tuple[str, int, str]


class Excess(excess.Excess):
    """An allocation that exceeded a budget, or would have. Printing it shows the largest lines and live buffers.

    A callback of `ndmem.limit` gets it, and `BudgetExceeded` has it.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return describe_excess(self)


def read_excess(
    limit: _native.Limit, budget: int, *, what: str, everything: bool = True, traceback: TracebackType | None = None
) -> Excess:
    """Describe the last allocation that exceeded a limit, while the limit is still armed.

    Parameters
    ----------
    limit : Limit
        The limit in the native core.
    budget : int
        Its bytes allowed.
    what : str
        The memory that it counts: ``"of arrays"``.
    everything : bool
        Also list arrays that were allocated before tracking began, whose line is unknown.
    traceback : traceback, optional
        The traceback of NumPy's error: also name the variables of the functions that it ended.
    """
    asked, live, stack, _, held = limit.excess or (0, limit.live, 0, 0, [])
    with untracked():
        site = _find_site(stack, find_library_roots())
        found = find_arrays(smallest=max(1, live // _SMALLEST_SHARE), traceback=traceback)
        largest = [_tidy(buffer) for buffer in found if everything or buffer.site is not None]
        return Excess(budget, asked, live, what, site, tuple(largest[:_MOST_BUFFERS]), _sum_lines(held))


def explain_end(limit: _native.Limit, budget: int, error: BaseException) -> BudgetExceeded | None:
    """Return the error to show for one that ended a program under ``ndmem run --limit``; ``None`` for other causes."""
    if not came_from(error, limit):
        return None
    found = read_excess(limit, budget, what=kinds(), traceback=error.__traceback__)
    shown = BudgetExceeded(str(found), excess=found)
    shown.__cause__ = error
    return shown


def kinds() -> str:
    """Return the kinds of memory that budgets count in this process."""
    return "of arrays and native memory" if _native.native_library() else "of arrays"


def came_from(error: BaseException, limit: _native.Limit) -> bool:
    """Return whether an exception, or one of its causes, comes from the line of a limit's last refusal."""
    if limit.excess is None or isinstance(error, BudgetExceeded):
        return False
    places = _native.places_of(limit.excess[2])
    return any(
        isinstance(each, MemoryError) and (not places or places[0] in _places_of(each.__traceback__))
        for each in _chain(error)
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _places_of(traceback: TracebackType | None) -> Iterator[Place]:
    # All entries, not only the last: modules compiled by Cython add their own below Python's frames.
    while traceback is not None:
        code = traceback.tb_frame.f_code
        yield code.co_filename, traceback.tb_lineno, code.co_name
        traceback = traceback.tb_next


def _sum_lines(held: Sequence[tuple[int, int, int, bool]]) -> tuple[LiveLine, ...]:
    """Add up what was live at each stack, by line."""
    roots = find_library_roots()
    sums: dict[tuple[Site | None, bool], tuple[int, int]] = {}
    for stack, nbytes, count, native in heapq.nlargest(_MOST_STACKS, held, key=lambda row: row[1]):
        line = _find_site(stack, roots), native
        before = sums.get(line, (0, 0))
        sums[line] = before[0] + nbytes, before[1] + count
    lines = (LiveLine(nbytes, count, native, site) for (site, native), (nbytes, count) in sums.items())
    return tuple(sorted(lines, key=lambda line: -line.nbytes))


def _find_site(stack: int, roots: tuple[str, ...]) -> Site | None:
    """Return the innermost line of the user's own code, or the innermost outside NumPy."""
    numpy = (str(Path(np.__file__).parent),)
    outside = [place for place in _native.places_of(stack) if not is_below(place[0], numpy)]
    users = [place for place in outside if is_user_code(place[0], roots)]
    for filename, lineno, function in [*users, *outside]:
        return Site(shorten_path(name_cell(filename)), lineno, lineno, None, None, function)
    return None


def _tidy(buffer: ArrayBuffer) -> ArrayBuffer:
    """Shorten the file's name, and drop names that lead through the error itself if there are others."""
    names = tuple(name for name in buffer.names if "(inside the traceback)" not in name) or buffer.names
    site = buffer.site and replace(buffer.site, filename=shorten_path(name_cell(buffer.site.filename)))
    return replace(buffer, names=names, site=site)

"""Describe what passed a budget: the line that asked, and the largest live arrays."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ndmem import _native
from ndmem.errors import BudgetExceeded
from ndmem.model.excess import Excess
from ndmem.model.site import Site
from ndmem.tracking.describe import find_library_roots
from ndmem.tracking.recorder import unseen
from ndmem.weighing.live import arrays

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from ndmem.model.live import LiveBuffer

_MOST_BUFFERS = 5
# Smaller ones do not explain an excess, and naming each of a million small arrays would take minutes.
_SMALLEST_SHARE = 100

Place = tuple[str, int, str]


def describe_excess(
    limit: _native.Limit, budget: int, *, what: str, everything: bool = True, traceback: TracebackType | None = None
) -> Excess:
    """Describe the last time a limit was passed, while it is still armed.

    Parameters
    ----------
    limit : Limit
        Of the native core.
    budget : int
        Its bytes.
    what : str
        What it counts: ``"of arrays"``.
    everything : bool
        It counts also arrays from before: without, those whose making nobody saw are not listed.
    traceback : traceback, optional
        Of NumPy's error: the variables of functions that it ended are named too.
    """
    asked, live, stack, _ = limit.excess or (0, limit.live, 0, 0)
    with unseen():
        site = _find_site(_native.places_of(stack))
        found = arrays(smallest=max(1, live // _SMALLEST_SHARE), traceback=traceback)
        largest = [_tidy(buffer) for buffer in found if everything or buffer.site is not None]
        return Excess(budget, asked, live, what, site, tuple(largest[:_MOST_BUFFERS]))


def explain_end(limit: _native.Limit, budget: int, error: BaseException) -> BudgetExceeded | None:
    """Return the error to show for one that ended a program under ``ndmem run --limit``.

    ``None`` if it does not come from a refusal.
    """
    if not came_from(error, limit):
        return None
    found = BudgetExceeded(str(describe_excess(limit, budget, what=kinds(), traceback=error.__traceback__)))
    found.__cause__ = error
    return found


def kinds() -> str:
    """Say what budgets count here."""
    return "of arrays and native memory" if _native.native_library() else "of arrays"


def came_from(error: BaseException, limit: _native.Limit) -> bool:
    """Whether an exception, or what it was raised from, comes from the line of a limit's last refusal."""
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
    # Not the last alone: modules compiled by Cython add entries of their own below Python's frames.
    while traceback is not None:
        code = traceback.tb_frame.f_code
        yield code.co_filename, traceback.tb_lineno, code.co_name
        traceback = traceback.tb_next


def _find_site(places: Sequence[Place]) -> Site | None:
    """Return the innermost line of the user's own code, or the innermost outside NumPy."""
    own = str(Path(np.__file__).parent)
    outside = [place for place in places if not place[0].startswith(own)]
    users = [place for place in outside if not place[0].startswith(("<frozen", *find_library_roots()))]
    for filename, lineno, function in [*users, *outside]:
        return Site(_shorten(filename), lineno, lineno, None, None, function)
    return None


def _tidy(buffer: LiveBuffer) -> LiveBuffer:
    """Shorten the file's name, and leave out ways through the error itself where there are others."""
    names = tuple(name for name in buffer.names if "(inside the traceback)" not in name) or buffer.names
    site = buffer.site and replace(buffer.site, filename=_shorten(buffer.site.filename))
    return replace(buffer, names=names, site=site)


def _shorten(filename: str) -> str:
    """Write a path as one would type it here."""
    try:
        return str(Path(filename).relative_to(os.getcwd()))  # noqa: PTH109  # the folder may be gone
    except (ValueError, OSError):
        return filename

"""Sums over the call tree by table row, for all rows at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.call_tree.levels import max_subtrees, outermost_of_row, sum_subtrees
from ndmem.analysis.domains import live_in
from ndmem.analysis.index import fact
from ndmem.model.columns import Domain, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndmem.analysis.call_tree.fold import Fold
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.columns import Int64s


@fact
def row_summer(index: TraceIndex, fold: Fold) -> Callable[[Int64s], list[int]]:
    """Return a function that sums a counter, shape (n,), over the nodes at and below each row, each node once."""
    # The index is not read: it keeps the result for the next table of this fold.
    outermost = np.flatnonzero(outermost_of_row(fold.parent, fold.levels, fold.row))

    def by_row(values: Int64s) -> list[int]:
        at_leaf = np.zeros(len(fold.parent), np.int64)
        np.add.at(at_leaf, fold.leaf, values)
        below = sum_subtrees(fold.parent, fold.levels, at_leaf)
        sums = np.zeros(fold.rows, np.int64)
        np.add.at(sums, fold.row[outermost], below[outermost])
        return sums.tolist()

    return by_row


def highest_by_row(fold: Fold, values: Int64s) -> list[int | None]:
    """Return the highest of a counter, shape (n,), below each row; ``None`` if all are -1, without an event."""
    at_leaf = np.full(len(fold.parent), -1, np.int64)
    np.maximum.at(at_leaf, fold.leaf, values)
    below = max_subtrees(fold.parent, fold.levels, at_leaf)
    highest = np.full(fold.rows, -1, np.int64)
    has_row = np.flatnonzero(fold.row >= 0)
    np.maximum.at(highest, fold.row[has_row], below[has_row])
    return [nbytes if nbytes >= 0 else None for nbytes in highest.tolist()]


@fact
def highest_at_events(index: TraceIndex, domain: Domain) -> Int64s:
    """Return the highest live bytes of a domain seen at an event of each node, shape (n,); -1 if it has none."""
    highest = np.full(len(index.trace.tree), -1, np.int64)
    np.maximum.at(highest, index.trace.events.stack, live_in(index, domain))
    return highest


@fact
def count_births(index: TraceIndex, domain: Domain) -> Int64s:
    """Return the number of allocations at each node that are events of a domain."""
    events = index.trace.events
    born = events.stack[(events.kind == Kind.BORN) & (events.domain == domain)]
    return np.bincount(born, minlength=len(index.trace.tree)).astype(np.int64, copy=False)


def temporary_by_row(index: TraceIndex, fold: Fold, domain: Domain) -> list[int]:
    """Return the high-water mark of each row's temporaries that are events of a domain."""
    # Imported here: a trace's totals need no extension module.
    from ndmem._native import temporary_peaks

    events = index.trace.events
    # A fold without twins does not change the stacks, and needs no copy of millions of events.
    stack = events.stack if len(fold.parent) == len(fold.leaf) else fold.leaf[events.stack]
    others = events.domain != domain
    # -1: freed within no execution, so a temporary of no row.
    within = np.where(others, np.int16(-1), events.within) if others.any() else events.within
    peaks = temporary_peaks(
        np.ascontiguousarray(events.kind),
        np.ascontiguousarray(stack),
        np.ascontiguousarray(events.buffer),
        np.ascontiguousarray(events.nbytes),
        np.ascontiguousarray(within),
        np.ascontiguousarray(fold.parent),
        np.ascontiguousarray(fold.row),
        fold.rows,
    )
    found: list[int] = np.frombuffer(peaks, np.int64).tolist()
    return found

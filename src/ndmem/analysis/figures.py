"""The figures of a table row, computed for all rows at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Kind

from .moment import Moment, nbytes_at, nbytes_by_node
from .tree import max_subtrees, outermost_of_row, split_levels, sum_subtrees

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s
    from ndmem.model.trace import Trace

    from .fold import Fold


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a line or a function did, with everything it called; each buffer counts once.

    Attributes
    ----------
    peak_nbytes : int or None
        Highest live bytes of the whole program while it ran; ``None`` if no event was seen in it.
    at_peak_nbytes : int
        Bytes of its buffers alive at the program's peak.
    share : float or None
        Its part of the live bytes at the moment the table is for, 0 to 1; ``None`` if nothing was alive then.
    temporary_nbytes : int or None
        High-water mark of its buffers that were born and died within one execution. Only buffers from the
        trace's threshold up are known: ``None`` if it made none of those.
    kept_nbytes : int
        Bytes of its buffers alive at the end.
    total_nbytes : int
        Bytes of all its buffers.
    count : int
        Number of all its buffers.
    own_nbytes : int
        Bytes alive at the moment the table is for, made by it and not by a row it called: these sum over the
        rows to the live bytes of the program.
    """

    peak_nbytes: int | None
    at_peak_nbytes: int
    share: float | None
    temporary_nbytes: int | None
    kept_nbytes: int
    total_nbytes: int
    count: int
    own_nbytes: int


def compute_figures(trace: Trace, fold: Fold, *, moment: Moment) -> list[Figures]:
    """Compute the figures of every row of a table.

    Parameters
    ----------
    trace : Trace
        The run.
    fold : Fold
        Its call tree with the rows.
    moment : Moment
        The moment that ``share`` and ``own_nbytes`` are for.

    Returns
    -------
    list of Figures
        By row number.
    """
    tallies, levels = trace.tallies, split_levels(fold.parent)
    outermost = np.flatnonzero(outermost_of_row(fold.parent, fold.row))

    def by_row(values: Int64s) -> list[int]:
        at_leaf = np.zeros(len(fold.parent), np.int64)
        np.add.at(at_leaf, fold.leaf, values)
        below = sum_subtrees(fold.parent, levels, at_leaf)
        sums = np.zeros(fold.rows, np.int64)
        np.add.at(sums, fold.row[outermost], below[outermost])
        return sums.tolist()

    own = np.zeros(fold.rows, np.int64)
    np.add.at(own, fold.own, nbytes_by_node(trace, moment))
    at_moment = by_row(nbytes_by_node(trace, moment))
    live = nbytes_at(trace, moment)
    columns = zip(
        _highest_live(trace, fold),
        by_row(tallies.at_peak),
        (nbytes / live if live else None for nbytes in at_moment),
        _temporary(trace, fold, by_row(_count_births(trace))),
        by_row(tallies.live),
        by_row(tallies.total),
        by_row(tallies.count),
        own.tolist(),
        strict=True,
    )
    names = tuple(Figures.__dataclass_fields__)
    return [Figures(**dict(zip(names, values, strict=True))) for values in columns]


def importance(figures: Figures) -> tuple[float, ...]:
    """Order rows: by what they made that was alive at the moment, then by what they called."""
    return (-figures.own_nbytes, -(figures.share or 0.0), -(figures.peak_nbytes or 0), -figures.total_nbytes)


def _highest_live(trace: Trace, fold: Fold) -> list[int | None]:
    """Return the highest live bytes seen at an event below each row; ``None`` where there was no event."""
    at_leaf = np.full(len(fold.parent), -1, np.int64)
    np.maximum.at(at_leaf, fold.leaf, trace.tallies.max_live)
    below = max_subtrees(fold.parent, split_levels(fold.parent), at_leaf)
    highest = np.full(fold.rows, -1, np.int64)
    has_row = np.flatnonzero(fold.row >= 0)
    np.maximum.at(highest, fold.row[has_row], below[has_row])
    return [nbytes if nbytes >= 0 else None for nbytes in highest.tolist()]


def _count_births(trace: Trace) -> Int64s:
    """Return the number of births at each node that are events."""
    born = trace.events.stack[trace.events.kind == Kind.BORN]
    return np.bincount(born, minlength=len(trace.tree)).astype(np.int64, copy=False)


def _temporary(trace: Trace, fold: Fold, births: list[int]) -> list[int | None]:
    """Return the high-water mark of each row's temporaries; ``None`` where no event could tell."""
    # Loaded late: reading a trace's summary needs no extension module.
    from ndmem._native import temporary_peaks  # noqa: PLC0415

    events = trace.events
    # A fold without twins leaves the stacks as they are: no copy of millions of events.
    stack = events.stack if len(fold.parent) == len(fold.leaf) else fold.leaf[events.stack]
    peaks = temporary_peaks(
        np.ascontiguousarray(events.kind),
        np.ascontiguousarray(stack),
        np.ascontiguousarray(events.buffer),
        np.ascontiguousarray(events.nbytes),
        np.ascontiguousarray(events.within),
        np.ascontiguousarray(fold.parent),
        np.ascontiguousarray(fold.row),
        fold.rows,
    )
    # With dropped events a mark of 0 only says that none was seen.
    unsure = trace.dropped > 0
    return [
        None if not count or (unsure and not nbytes) else nbytes
        for nbytes, count in zip(np.frombuffer(peaks, np.int64).tolist(), births, strict=True)
    ]

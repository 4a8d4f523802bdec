"""Spans of a timeline: arrays grouped by their stack and by the moments of the timeline at which they are live.

With them a page answers for any two moments which arrays were allocated between them and are live at the second one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.index import fact

from .lifetimes import array_lifetimes
from .timeline import timeline_moments

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.columns import Int32s, Int64s

    from .lifetimes import Lifetimes


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Groups of arrays as columns, most bytes first.

    Attributes
    ----------
    node : (k,) int32
        Node of the call tree that allocated the arrays.
    first, last : (k,) int64
        Number of the first moment at which they are live, and of the first one after it at which they are not.
    nbytes, count : (k,) int64
        Their bytes together, and their number.
    """

    node: Int32s
    first: Int64s
    last: Int64s
    nbytes: Int64s
    count: Int64s

    def __len__(self) -> int:
        return len(self.node)


def locate_moments(index: TraceIndex, lives: Lifetimes, *, points: int) -> tuple[Int64s, Int64s]:
    """Return for each array the first moment of `timeline` at which it is live, and the first after it without it."""
    until = np.array([events for events, _ in timeline_moments(index, points=points)], np.int64)
    return np.searchsorted(until, lives.born + 1), np.searchsorted(until, lives.died + 1)


@fact
def group_spans(index: TraceIndex, *, points: int, limit: int) -> Spans | None:
    """Group the arrays that are live at any moment of the timeline.

    Parameters
    ----------
    index : TraceIndex
        The run.
    points : int
        Bound of the moments, as for `timeline`.
    limit : int
        Return at most this many groups, those with most bytes.

    Returns
    -------
    Spans or None
        ``None`` if events were dropped.
    """
    lives = array_lifetimes(index)
    if lives is None:
        return None
    first, last = locate_moments(index, lives, points=points)
    seen = np.flatnonzero(first < last)
    # One number for each group: sorting rows of three would take many times as long.
    base = len(timeline_moments(index, points=points)) + 1
    keys = (lives.node[seen].astype(np.int64) * base + first[seen]) * base + last[seen]
    groups, place, count = np.unique(keys, return_inverse=True, return_counts=True)
    nbytes = np.zeros(len(groups), np.int64)
    np.add.at(nbytes, place, lives.nbytes[seen])
    kept = np.argsort(-nbytes, kind="stable")[:limit]
    node_first, last_of = np.divmod(groups[kept], base)
    node_of, first_of = np.divmod(node_first, base)
    return Spans(node_of.astype(np.int32), first_of, last_of, nbytes[kept], count[kept])

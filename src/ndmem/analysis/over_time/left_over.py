"""What was allocated in a range of a run and is live at its end, by line, with its age."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.call_tree.frames import standing_nodes
from ndmem.analysis.held import holders_by_buffer
from ndmem.analysis.index import fact
from ndmem.analysis.tables.expression import expression_text
from ndmem.analysis.tables.sources import source_files
from ndmem.model.holder import GARBAGE

from .growth import is_filled_at_once, is_growth
from .lifetimes import array_lifetimes

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.holder import Holder
    from ndmem.model.site import Site

_FEWEST = 3
"""Arrays that must stay for a growth: two may have nothing to do with each other."""


@dataclass(frozen=True, slots=True)
class LeftOver:
    """Arrays of one expression that were allocated in a range and are live at its end.

    Attributes
    ----------
    site : Site
        The user's expression.
    expression : str or None
        Its text; ``None`` if the source or the columns are unknown.
    nbytes, count : int
        Bytes and number of the arrays.
    allocated : int
        Number of arrays that the expression allocated in the range, with those that were freed again.
    oldest_s, newest_s : float
        Ages of the first and of the last of them, in seconds before the end of the range.
    grows : bool
        Whether arrays of early and of late executions of the expression are among them, which were not made for one
        container at once; see `is_growth` and `is_filled_at_once`.
    holders : tuple of Holder
        A holder of each array, as far as one was found, oldest first.
    """

    site: Site
    expression: str | None
    nbytes: int
    count: int
    allocated: int
    oldest_s: float
    newest_s: float
    grows: bool
    holders: tuple[Holder, ...]

    @property
    def is_garbage(self) -> bool:
        """Whether only cycles of references hold all of them."""
        return sum(holder.function == GARBAGE for holder in self.holders) == self.count


@fact
def find_left_over(
    index: TraceIndex, *, start_s: float = 0.0, end_s: float | None = None
) -> tuple[LeftOver, ...] | None:
    """Find what a range of a run left behind.

    Parameters
    ----------
    index : TraceIndex
        The run.
    start_s, end_s : float
        The range, in seconds since the start; to the end of the run if `end_s` is not given.

    Returns
    -------
    tuple of LeftOver or None
        The largest first; ``None`` if events were dropped. Arrays below the threshold are not in it, nor those that a
        long run left out, which were freed.
    """
    lives = array_lifetimes(index)
    if lives is None:
        return None
    trace, sources = index.trace, source_files(index)
    start_ns = int(start_s * 1e9)
    lasted = trace.run.duration_s
    end_ns = int((lasted if end_s is None else min(end_s, lasted)) * 1e9)
    until = len(trace.events) if end_s is None else int(np.searchsorted(trace.events.time_ns, end_ns, side="right"))
    inside = (lives.born_ns >= start_ns) & (lives.born < until)
    site_of = trace.tree.site[standing_nodes(index)[lives.node]]
    held = holders_by_buffer(index, until)
    found = []
    for number in np.unique(site_of[inside]).tolist():
        rows = np.flatnonzero(inside & (site_of == number))
        stays = lives.died[rows] >= until
        left = rows[stays]
        if not len(left):
            continue
        ages = (end_ns - lives.born_ns[left]) / 1e9
        site = trace.sites[number]
        seen = (held[buffer].holders for buffer in lives.buffer[left].tolist() if buffer in held)
        holders = tuple(names[0] for names in seen if names)
        grows = len(left) >= _FEWEST and is_growth(stays)
        found.append(
            LeftOver(
                site=site,
                expression=expression_text(sources, site),
                nbytes=int(lives.nbytes[left].sum()),
                count=len(left),
                allocated=len(rows),
                oldest_s=max(float(ages.max()), 0.0),
                newest_s=max(float(ages.min()), 0.0),
                grows=grows and not (len(holders) == len(left) and is_filled_at_once(index, site, holders)),
                holders=holders,
            )
        )
    return tuple(sorted(found, key=lambda row: -row.nbytes))

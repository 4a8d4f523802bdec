"""Bands of a run: its largest arrays over time, stacked in the order of allocation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.index import fact

from .lifetimes import array_lifetimes

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex

    from .lifetimes import Lifetimes

    Steps = list[tuple[int, int]]


@fact
def largest_arrays(index: TraceIndex, *, limit: int) -> Lifetimes | None:
    """Choose the arrays that matter most in a picture over time.

    Parameters
    ----------
    index : TraceIndex
        The run.
    limit : int
        Return at most this many.

    Returns
    -------
    Lifetimes or None
        At most half of the limit are the largest live at the peak, which may be short; then those with most
        bytes × seconds, which is their area in the picture. ``None`` if events were dropped.
    """
    lives = array_lifetimes(index)
    if lives is None:
        return None
    until = index.trace.peak.events
    at_peak = np.flatnonzero((lives.born < until) & (lives.died >= until))
    first = at_peak[np.argsort(-lives.nbytes[at_peak], kind="stable")][: limit // 2]
    area = lives.nbytes.astype(np.float64) * (lives.died_ns - lives.born_ns)
    others = np.lexsort((-lives.nbytes, -area))
    chosen = np.concatenate([first, others[~np.isin(others, first)]])
    return lives.at(chosen[:limit])


def stack_bands(lives: Lifetimes) -> list[Steps]:
    """Stack arrays on each other: each lies on those that are older, and moves down when one of them is freed.

    Returns
    -------
    list of list of (int, int)
        For each array the nanoseconds at which its lower edge moved, and the bytes below that edge from then on.
    """
    steps: list[Steps] = [[] for _ in range(len(lives))]
    bottoms = [0] * len(lives)
    alive: list[int] = []
    nbytes, born_ns, died_ns = lives.nbytes.tolist(), lives.born_ns.tolist(), lives.died_ns.tolist()
    freed = np.flatnonzero(lives.freed)
    events = [*zip(lives.born.tolist(), range(len(lives)), strict=True)]
    events += zip(lives.died[freed].tolist(), freed.tolist(), strict=True)
    for event, band in sorted(events):
        if event == lives.born[band]:
            bottoms[band] = bottoms[alive[-1]] + nbytes[alive[-1]] if alive else 0
            alive.append(band)
            steps[band].append((born_ns[band], bottoms[band]))
            continue
        at = alive.index(band)
        del alive[at]
        for above in alive[at:]:
            bottoms[above] -= nbytes[band]
            if steps[above][-1][0] == died_ns[band]:
                steps[above].pop()
            steps[above].append((died_ns[band], bottoms[above]))
    return steps

"""Choose the positions of a sample along an axis: spread over the whole axis, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .sample_data import Sample

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s


def choose_positions(short: int, whole: int, sample: Sample) -> Int64s:
    """Return positions spread evenly over an axis, in increasing order, with the first and the last one.

    Each comes from another stratum of the axis, at a random place in it: so sorted data stay sorted, groups keep their
    shares, and data with a period are not all taken at the same phase. `Sample.UNEVEN` has windows of consecutive
    positions instead. Axes of one length get the same positions: rows that belong together stay together.

    Parameters
    ----------
    short, whole : int
        Length of the sample and of the axis.
    sample : Sample
        Kind of sample data; other kinds have other positions.

    Returns
    -------
    (min(short, whole),) int64
        The positions.
    """
    if short >= whole or not short:
        return np.arange(min(short, whole), dtype=np.int64)
    rng = np.random.default_rng(_seed(sample))
    if sample is Sample.UNEVEN:
        return _choose_windows(short, whole, rng)
    return _choose_strata(short, whole, rng)


def _seed(sample: Sample) -> int:
    return Sample.FIRST.value if sample is Sample.GHOST else sample.value


def _choose_strata(short: int, whole: int, rng: np.random.Generator) -> Int64s:
    edges = -(-np.arange(short + 1, dtype=np.int64) * whole // short)  # a position scaled to the sample is its stratum
    positions: Int64s = edges[:-1] + (rng.random(short) * np.diff(edges)).astype(np.int64)
    positions[0] = 0
    if short > 1:
        positions[-1] = whole - 1
    return positions


def _choose_windows(short: int, whole: int, rng: np.random.Generator) -> Int64s:
    """Return windows of consecutive positions: as many windows as each has positions."""
    count = int(np.sqrt(short))
    firsts = np.linspace(0, short, count + 1).astype(np.int64)  # of each window, in the sample
    # What is left out lies between windows: a window is shifted by all gaps before it.
    gaps = np.sort(rng.integers(0, whole - short, count, endpoint=True))
    gaps[0] = 0
    gaps[-1] = whole - short if count > 1 else gaps[-1]
    positions: Int64s = np.arange(short, dtype=np.int64) + np.repeat(gaps, np.diff(firsts))
    return positions

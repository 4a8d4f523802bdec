"""Where NumPy may reuse a temporary: from 256 KiB on, an operator writes its result into an operand nobody else holds.

Below that, a small run has a buffer more than the real one. What could be reused shows in the order of events: a buffer
is born, and at the same instruction, before anything happens elsewhere, another of the same bytes dies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ndmem.model.columns import Bools, Int64s

    from .match import Point

THRESHOLD = 256 * 1024
"""NumPy's NPY_MIN_ELIDE_BYTES, 1.13 to 2.5; a test holds it against the NumPy that runs."""

_SMALLEST = 64
"""Smaller buffers are scalars, which stay as they are."""


def find_pairs(point: Point, nbytes: Int64s) -> tuple[Int64s, Int64s]:
    """Find what could be reused.

    Parameters
    ----------
    point : Point
        A run.
    nbytes : (births,) int64
        Bytes of each buffer, as measured or as predicted.

    Returns
    -------
    (born, died) : two (k,) int64
        Events: a birth that would not be, and the death of the buffer that it would take over.
    """
    run, place = point.run, point.place
    sizes = nbytes[run.buffer]
    keep = np.flatnonzero((sizes > _SMALLEST) & (run.domain == 0))
    kind, where, size = run.kind[keep], place[keep], sizes[keep]
    born, died = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for distance in (1, 2, 3):
        same = where[:-distance] == where[distance:]
        pairs = same & (kind[:-distance] == 0) & (kind[distance:] == 1) & (size[:-distance] == size[distance:])
        pairs &= run.buffer[keep[:-distance]] > run.buffer[keep[distance:]]
        found = np.flatnonzero(pairs)
        born.append(keep[found])
        died.append(keep[found + distance])
    return _each_once(np.concatenate(born), np.concatenate(died))


def _each_once(born: Int64s, died: Int64s) -> tuple[Int64s, Int64s]:
    """Keep the nearest partner of each birth and of each death."""
    _, first = np.unique(born, return_index=True)
    born, died = born[first], died[first]
    _, first = np.unique(died, return_index=True)
    return born[first], died[first]


def live_if_reused(point: Point, nbytes: Int64s, born: Int64s, died: Int64s) -> Int64s:
    """Return the live bytes after each event, if these births took over the buffers that die."""
    run = point.run
    change = np.where(run.kind == 1, -1, 1) * nbytes[run.buffer]
    change[run.domain != 0] = 0
    change[born] = 0
    change[died] = 0
    return np.cumsum(change)


def is_unseen(measured: Int64s, predicted: Int64s) -> Bools:
    """Tell which buffers are small where they were measured and large in the end."""
    return (measured < THRESHOLD) & (predicted >= THRESHOLD)

"""Find the temporaries that NumPy may reuse.

From 256 KiB on, NumPy lets an operator write its result into an operand that has no other reference (elision).
Below that threshold, a small run has one buffer more than the real one. The order of events shows which temporaries
qualify: a buffer is born, and at the same instruction, before any event elsewhere, another of the same size dies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Domain, Kind

from .match import birth_sizes

if TYPE_CHECKING:
    from ndmem.model.columns import Bools, Int64s
    from ndmem.planning.meter import Meter

    from .match import Point

THRESHOLD = 256 * 1024
"""NPY_MIN_ELIDE_BYTES of NumPy 1.13 to 2.5; a test compares it with the installed NumPy."""

_SMALLEST = 64
"""Buffers up to this size hold scalars, whose size does not grow."""


def reuses_temporaries(meter: Meter) -> bool:
    """Tell whether NumPy reuses temporaries in this interpreter.

    NumPy 2.5.5 reuses none on CPython 3.14.10 and 3.15.2, of any operator and size, and all on 3.13.
    """
    array = np.ones(2 * THRESHOLD // 8)
    trace, _ = meter.read(meter.record(lambda: array + 1.0 + 1.0))
    return int(np.count_nonzero(birth_sizes(trace.events) >= array.nbytes)) == 1


def find_pairs(point: Point, nbytes: Int64s) -> tuple[Int64s, Int64s]:
    """Find the pairs of a birth and the death of an operand that its buffer could reuse.

    Parameters
    ----------
    point : Point
        A run.
    nbytes : (births,) int64
        Bytes of each buffer, as measured or as predicted.

    Returns
    -------
    (born, died) : two (k,) int64
        Numbers of the events: the birth that would not happen, and the death of the buffer that would be reused.
    """
    events, place = point.events, point.place
    sizes = nbytes[events.buffer]
    keep = np.flatnonzero((sizes > _SMALLEST) & (events.domain == Domain.ARRAY))
    kind, where, size = events.kind[keep], place[keep], sizes[keep]
    born, died = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for distance in (1, 2, 3):  # a ufunc's scalar operand may be born or die in between
        same = where[:-distance] == where[distance:]
        pairs = same & (kind[:-distance] == Kind.BORN) & (kind[distance:] == Kind.DIED)
        pairs &= size[:-distance] == size[distance:]
        pairs &= events.buffer[keep[:-distance]] > events.buffer[keep[distance:]]
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
    """Return the live bytes after each event, if these births reused the buffers of these deaths."""
    events = point.events
    counted = events.domain == Domain.ARRAY
    counted[born] = False
    counted[died] = False
    return events.running_nbytes(counted, nbytes[events.buffer])


def is_unseen(measured: Int64s, predicted: Int64s) -> Bools:
    """Tell which buffers are below the threshold as measured and above it as predicted."""
    return (measured < THRESHOLD) & (predicted >= THRESHOLD)

"""Count the work of a run in units that are the same on every machine, idle or under load.

What is measured next is decided by these counts. Seconds would make the label of a prediction depend on the machine.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ndmem.planning.extrapolation.match import Point

_NBYTES = 8192
"""Bytes of buffers that count as one event: both take some 10 µs on a machine of 2024."""

_LINES = 20
"""Lines of Python that count as one event."""

_STEEPEST = 3.0
"""Greatest exponent of the product of lengths: three nested loops."""


def count_effort(point: Point, lines: float) -> float:
    """Return the work of a run.

    Parameters
    ----------
    point : Point
        The run.
    lines : float
        Number of lines of Python that ran, as far as known.
    """
    return len(point.events) + float(point.nbytes.sum()) / _NBYTES + lines / _LINES


def extrapolate_lines(scans: Sequence[tuple[Mapping[str, int], int]], lengths: Mapping[str, int]) -> float:
    """Extrapolate the number of lines of Python that run, as a power of the product of all lengths.

    Parameters
    ----------
    scans : sequence of (lengths, lines)
        In the order of their sizes. From one alone the number is taken to grow as the product does.
    lengths : mapping of str to int
        The size to extrapolate to.
    """
    if not scans:
        return 0.0
    (first, fewest), (last, most) = scans[0], scans[-1]
    growth, exponent = _ratio(last, first), 1.0
    if growth > 1:
        exponent = min(max(math.log(max(most, 1) / max(fewest, 1)) / math.log(growth), 0.0), _STEEPEST)
    return float(most * _ratio(lengths, last) ** exponent)


def _ratio(lengths: Mapping[str, int], smaller: Mapping[str, int]) -> float:
    return float(math.prod(max(length, 1) / max(smaller[name], 1) for name, length in lengths.items()))

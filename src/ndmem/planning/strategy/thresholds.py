"""Numbers in the code that lie between what was measured and what is predicted: there it may take another way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .climb import Climbed
from .constants import Number
from .ladder import Ladder
from .line import Line

_ITEMSIZES = (1, 2, 4, 8, 16)


@dataclass(frozen=True, slots=True)
class Crossing:
    """A number that sizes pass beyond the largest that was measured.

    Attributes
    ----------
    number : Number
        The number.
    factor : float
        How many times as large a measurement has to be to lie beyond it.
    """

    number: Number
    factor: float


def find_crossings(ladder: Ladder, climbed: Climbed) -> list[Crossing]:
    """Find the numbers that were not passed, the smallest first.

    Raises
    ------
    PredictionError
        If the code cannot be examined.
    """
    # What is there at both sizes does not come from the size.
    numbers = set.intersection(*(set(ladder.examine(point.t).numbers) for point in climbed.points[:2]))
    kept = {length for name, length in ladder.arguments.lengths.items() if not ladder.line.step[name]}
    ranges = crossed(ladder.line, climbed)
    found = []
    for number in sorted(numbers):
        passed = [low for low, high in ranges if low < number.value <= high]
        if passed and number.value not in kept:
            found.append(Crossing(number, number.value / max(min(passed), 1.0)))
    return found


def crossed(line: Line, climbed: Climbed) -> list[tuple[float, float]]:
    """Return the ranges of lengths, elements and bytes between the largest that was measured and the real one."""
    last, target = climbed.points[-1], line.at(line.target)
    ranges = {(float(last.lengths[name]), float(length)) for name, length in target.items()}
    if climbed.found.sizes is not None:
        pairs = np.unique(np.stack([last.run.nbytes, climbed.found.sizes]), axis=1)
    else:
        pairs = np.array([[last.peak], [climbed.found.nbytes]])
    for measured, predicted in pairs.T.tolist():
        if predicted > measured:
            ranges.update((measured / itemsize, predicted / itemsize) for itemsize in _ITEMSIZES)
    return [(low, high) for low, high in ranges if low < high]

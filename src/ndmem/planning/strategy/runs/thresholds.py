"""Find the numbers in the code between the measured sizes and the real one: the function may branch there."""

from dataclasses import dataclass

import numpy as np

from ndmem.planning.extrapolation.size_line import Line
from ndmem.planning.strategy.findings import Findings
from ndmem.planning.strategy.measurements import Measurements
from ndmem.planning.worker.code.code_scan import Code, Number

_ITEMSIZES = (1, 2, 4, 8, 16)


@dataclass(frozen=True, slots=True)
class Crossing:
    """A number that sizes exceed beyond the largest measured one.

    Attributes
    ----------
    number : Number
        The number.
    factor : float
        How many times larger a run has to be to exceed it.
    """

    number: Number
    factor: float


def find_crossings(measurements: Measurements, findings: Findings) -> list[Crossing]:
    """Find the numbers that no measured size exceeds and the real one does, the smallest first.

    Raises
    ------
    PredictionError
        If the code cannot be scanned.
    """
    line = measurements.line
    # A number that is not the same at two sizes is computed from the size.
    numbers = set.intersection(*(set(code.numbers) for code in scan_two_sizes(measurements, findings)))
    kept = {length for name, length in measurements.arguments.lengths.items() if not line.step[name]}
    ranges = find_unmeasured_ranges(line, findings)
    found = []
    for number in sorted(numbers):
        passed = [low for low, high in ranges if low < number.value <= high]
        if passed and number.value not in kept:
            found.append(Crossing(number, number.value / max(min(passed), 1.0)))
    return found


def scan_two_sizes(measurements: Measurements, findings: Findings) -> tuple[Code, Code]:
    """Return the code that runs at two sizes of the estimate.

    The smallest sizes were scanned. They stand for one of the two if they allocate at all places where that one does.

    Raises
    ------
    PredictionError
        If the code cannot be scanned.
    """
    first, second = findings.points[:2]
    small = (*findings.scales, findings.points[-1])[0]
    scanned = dict(measurements.scans())
    if small.t in scanned and set(second.place.tolist()) <= set(small.place.tolist()):
        return scanned[small.t], measurements.scan(first.t)
    return measurements.scan(first.t), measurements.scan(second.t)


def find_unmeasured_ranges(line: Line, findings: Findings) -> list[tuple[float, float]]:
    """Return the ranges of lengths, elements and bytes between the largest measured size and the real one."""
    last, target = findings.last, line.at(line.target)
    ranges = {(float(last.lengths[name]), float(length)) for name, length in target.items()}
    if findings.estimate.sizes is not None:
        pairs = np.unique(np.stack([last.nbytes, findings.estimate.sizes]), axis=1)
    else:
        pairs = np.array([[last.peak], [findings.estimate.nbytes]])
    for measured, predicted in pairs.T.tolist():
        if predicted > measured:
            ranges.update((measured / itemsize, predicted / itemsize) for itemsize in _ITEMSIZES)
    return [(low, high) for low, high in ranges if low < high]

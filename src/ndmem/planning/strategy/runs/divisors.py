"""Measure at the real length divided by powers of four, if the function fails at other small sizes.

Such lengths keep what the real one has: they are powers of two, perfect squares, or multiples of a block.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from ndmem.planning.extrapolation.estimate import estimate_peak
from ndmem.planning.extrapolation.match import Point, match
from ndmem.planning.extrapolation.size_line import KEPT, SHORTEST, Line, choose_line
from ndmem.planning.strategy.failure import NO_RESULT, FunctionFailedError
from ndmem.planning.strategy.findings import Findings, compare_calls, relative_difference
from ndmem.planning.strategy.measurements import Measurements
from ndmem.planning.strategy.schedule import measure_until_settled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_RATIO = 4
_MOST_RUNS = 5
_FEWEST_RUNS = 3
_CHEAP_NBYTES = 2**26
"""Arguments up to which the real size is tried, and the sizes that are measured."""

_SHARE = 0.3
"""Part of the processor time left that one run may take."""


def measure_or_fall_back(measurements: Measurements) -> tuple[Measurements, Findings]:
    """Measure small sizes; if the function fails at them, shorter samples and then multiples that the real size has."""
    try:
        return measurements, measure_until_settled(measurements)
    except FunctionFailedError as error:
        failure, arguments = error, measurements.arguments
    if arguments.least and not measurements.refused:  # samples with all different values may need too much memory
        line = choose_line(arguments.lengths, arguments.cost)
        shorter = replace(measurements.restart(measurements.child), line=line)
        with contextlib.suppress(FunctionFailedError):
            return shorter, measure_until_settled(shorter)
    return measure_at_divisors(measurements, failure)


def measure_at_divisors(measurements: Measurements, failure: FunctionFailedError) -> tuple[Measurements, Findings]:
    """Run the real size if its arguments are small, else sizes that it is a multiple of.

    Parameters
    ----------
    measurements : Measurements
        Measurements at whose small sizes the function fails.
    failure : FunctionFailedError
        Its error there.

    Returns
    -------
    (Measurements, Findings)
        Measurements on the line of these sizes, and the runs.

    Raises
    ------
    FunctionFailedError
        The error at small sizes, if the function fails at these sizes too or the sandbox refused an operation.
    """
    target = measurements.line.target
    if not target or measurements.refused:
        raise failure
    if 3 * (measurements.arguments.nbytes(measurements.line.at(target)) or 0) <= _CHEAP_NBYTES:
        points = _measure(measurements, [target, target])
        if points:
            return measurements, Findings.of_real_size(*points)
    line = find_divisors(measurements.arguments.lengths)
    if line is None:
        raise failure
    on_divisors = replace(measurements.restart(measurements.child), line=line)
    for ts in _choose_series(line.target):
        if on_divisors.estimate_memory(ts[-1]) > min(_CHEAP_NBYTES, measurements.memory_for_growth):
            continue
        points = _measure(on_divisors, [ts[0], *ts])
        if points:
            return on_divisors, _conclude(line, points)
    raise failure


def find_divisors(lengths: Mapping[str, int]) -> Line | None:
    """Return the line through 0 on which all long dimensions are the real ones divided by powers of four."""
    scaled = [name for name, length in lengths.items() if length > KEPT]
    target = 1
    while scaled and all(
        lengths[name] % (target * _RATIO) == 0 and lengths[name] // (target * _RATIO) >= SHORTEST for name in scaled
    ):
        target *= _RATIO
    if target < _RATIO**_FEWEST_RUNS:
        return None
    steps = {name: length // target if name in scaled else 0 for name, length in lengths.items()}
    return Line({name: 0 if name in scaled else length for name, length in lengths.items()}, steps, target)


def _choose_series(target: int) -> Iterator[list[int]]:
    """Yield positions to try, the largest first; without the smallest ones, which may be too small a multiple."""
    powers = [1]
    while powers[-1] * _RATIO < target:
        powers.append(powers[-1] * _RATIO)
    for end in range(len(powers), _FEWEST_RUNS - 1, -1):
        for count in range(min(_MOST_RUNS, end), _FEWEST_RUNS - 1, -1):
            yield powers[end - count : end]


def _measure(measurements: Measurements, ts: Sequence[int]) -> list[Point]:
    """Run the function at positions of the line, the first one twice; return nothing if it fails at one of them."""
    points = []
    for t in ts:
        try:
            point = measurements.measure(t, processor_limit=_SHARE * max(measurements.processor_left(), 0.1))
        except NO_RESULT:
            return []
        if point.is_cut:
            return []
        points.append(point)
    return points


def _conclude(line: Line, points: Sequence[Point]) -> Findings:
    """Estimate from all runs but the first; the largest one checks the estimate of the others."""
    first, *runs = points
    estimate, last = estimate_peak(line, runs, line.target), runs[-1]
    smaller = estimate_peak(line, runs[:-1], last.t)
    agreement = relative_difference(last.peak, smaller) if match(runs) else None
    return Findings(
        points=tuple(runs),
        estimate=estimate,
        last_matched=estimate,
        agreement=agreement,
        first_extra=compare_calls(first, runs[0]),
    )

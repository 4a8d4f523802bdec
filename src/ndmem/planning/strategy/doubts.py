"""Collect the reasons to doubt an estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ndmem.planning.arguments.real.sample_data import Sample
from ndmem.planning.extrapolation.match import Point, match
from ndmem.planning.strategy.runs.thresholds import Crossing, find_unmeasured_ranges
from ndmem.planning.worker.code.code_scan import INDEX_LIMIT
from ndmem.planning.worker.process.forked import ChildTimeoutError
from ndmem.units import format_nbytes
from ndmem.user_code import find_library_roots, library_of

from .attempts import has_time
from .doubt import Doubt, Weight
from .failure import NO_RESULT, write_size
from .findings import AGREE, Findings
from .measurements import Measurements

if TYPE_CHECKING:
    from ndmem.planning.extrapolation.size_line import Line

_SMALL_SHARE = 0.01
"""Part of the peak that a first call may need more without a doubt of the label; the interval includes it."""

_OTHERS = 3
"""Most runs with other data."""

_OTHERS_EFFORT = 10_000
"""Work of each, in the units of effort.py, if a smaller size was measured: it shows the same."""

_FARTHER = 2.0
"""How much further off an estimate may be at the real size than at the largest one that was measured."""

_NO_TIME_FOR_OTHERS = Doubt("the time limit left no time for other data, so it may depend on the data", Weight.GRAVE)

_CHOOSERS = {"scipy", "pandas", "sklearn"}
"""Libraries that choose the width of their indices by the size of the data."""


def find_doubts(measurements: Measurements, findings: Findings, crossings: Sequence[Crossing] | None) -> list[Doubt]:
    """Return the reasons to doubt that the estimate is exact.

    Parameters
    ----------
    measurements, findings
        The runs.
    crossings : sequence of Crossing, or None
        Numbers in the code beyond the measured sizes; ``None`` if the code could not be scanned.
    """
    # The real size with the real data needs no other sample.
    is_known = findings.real is not None and measurements.arguments.are_real()
    doubts = [] if is_known else _compare_samples(measurements, findings)
    if not is_known:
        doubts += [Doubt(text) for text in measurements.arguments.doubts]
    if measurements.refused:
        operation = min(measurements.refused)
        doubts.append(Doubt(f"the function {operation}, which was refused while it was measured", Weight.GRAVE))
    if findings.first_extra:
        extra = format_nbytes(findings.first_extra)
        peak = findings.estimate.nbytes if findings.real is None else findings.real.peak
        weight = Weight.NOTE if findings.first_extra <= _SMALL_SHARE * peak else Weight.SLIGHT
        doubts.append(Doubt(f"the first call needs up to {extra} more, which libraries allocate once and keep", weight))
    if findings.real is None:
        doubts += _doubt_runs(findings)
        if not findings.is_verified:
            doubts += _doubt_estimate(findings)
            doubts += _doubt_larger_runs(findings)
        if not findings.is_verified_at_real_size:
            doubts += _doubt_crossings(findings, measurements.line, crossings)
    if findings.unmeasured:
        limit = f"the time limit of {measurements.time_limit.seconds:g} s"
        doubts.append(Doubt(f"not measured because of {limit}: {', '.join(findings.unmeasured)}", Weight.NOTE))
    return doubts


def _doubt_estimate(findings: Findings) -> list[Doubt]:
    estimate, doubts = findings.estimate, []
    if findings.is_cut:
        text = f"runs were stopped after {findings.processor_limit:.2g} s, and what follows is unknown"
        doubts.append(Doubt(text, Weight.GRAVE))
    if not estimate.is_matched:
        doubts.append(
            Doubt("the function allocates in another order at each size, so each line was extrapolated alone")
        )
    elif not estimate.is_exact:
        doubts.append(Doubt("some sizes are not a polynomial of the dimensions"))
    if estimate.low < estimate.high:
        doubts.append(Doubt("temporaries that NumPy reuses from 256 KiB on were only measured below that size"))
    if findings.agreement is None:
        doubts.append(Doubt("only one set of sizes could be measured", Weight.GRAVE))
    elif findings.agreement > 0:
        doubts.append(Doubt(f"the estimates from two sets of sizes differ by {findings.agreement:.1%}"))
    return doubts


def _doubt_larger_runs(findings: Findings) -> list[Doubt]:
    """Compare the estimate with the largest run and with the ghost run."""
    doubts = []
    largest, ghost = findings.largest, findings.ghost
    if largest is not None and largest.off > findings.estimate.error:
        text = (
            f"at {write_size(largest.point.lengths)} it needs {format_nbytes(largest.point.peak)}, where smaller sizes "
            f"predict {format_nbytes(largest.expected)}"
        )
        is_grave = largest.off > AGREE
        # What is off at a part of the real size is further off there.
        off = _FARTHER * largest.off if is_grave else largest.off
        doubts.append(Doubt(text, Weight.GRAVE if is_grave else Weight.SLIGHT, off))
    if ghost is None:
        return doubts
    predicted = findings.estimate.nbytes
    off = abs(ghost.point.peak - predicted) / max(ghost.point.peak, predicted, 1)
    if not ghost.is_trusted:
        doubts.append(Doubt("the values of its arrays change its sizes: as a ghost it needs other memory"))
    elif off > AGREE:
        text = f"a ghost run of the real size needs {format_nbytes(ghost.point.peak)}, small runs predict "
        doubts.append(Doubt(text + format_nbytes(predicted), Weight.GRAVE, off))
    return doubts


def _doubt_runs(findings: Findings) -> list[Doubt]:
    doubts = []
    if any(point.events.thread.any() for point in findings.points):
        doubts.append(Doubt("several threads allocate arrays, in an order that may vary"))
    if any(point.lost for point in findings.points):
        doubts.append(Doubt("some events were not recorded", Weight.GRAVE))
    return doubts


def _compare_samples(measurements: Measurements, findings: Findings) -> list[Doubt]:
    """Measure other data of the same size, to find sizes that depend on the data."""
    line = measurements.line
    if measurements.arguments.maker is not None or not measurements.arguments.nbytes(line.at(1)):
        return []
    sizes = (findings.points[0], *reversed(findings.scales))
    cheap = [point for point in sizes if measurements.count_effort(point) <= _OTHERS_EFFORT] or sizes[-1:]
    first = next((point for point in cheap if has_time(measurements, point.t, runs=_OTHERS, share=1.0)), None)
    if first is None:
        return [_NO_TIME_FOR_OTHERS]
    try:
        others = _measure_others(measurements, first.lengths, findings.processor_limit)
    except ChildTimeoutError:
        return [_NO_TIME_FOR_OTHERS]
    if not others:
        return [Doubt("it fails on other data of the same size, so it may depend on the data")]
    offs = [
        abs(other.peak - first.peak) / max(first.peak, other.peak, 1)
        for other in others
        if not match((first, other)) or not np.array_equal(first.nbytes, other.nbytes)
    ]
    if not offs:
        return []
    text = f"it depends on the data: the peaks for other data of the same size differ by {max(offs):.1%}"
    return [Doubt(text, Weight.GRAVE if max(offs) > AGREE else Weight.SLIGHT, max(offs))]


def _measure_others(measurements: Measurements, lengths: Mapping[str, int], processor_limit: float) -> list[Point]:
    """Measure other samples, of those that the function accepts.

    Raises
    ------
    ChildTimeoutError
        If the time limit ends.
    """
    others = []
    for alternatives in ((Sample.UNEVEN,), (Sample.SIGNED, Sample.FAR)):
        for sample in alternatives:
            try:
                others.append(measurements.measure_at(lengths, sample=sample, processor_limit=processor_limit))
            except ChildTimeoutError:
                raise
            except NO_RESULT:
                continue
            break
    return others


def _doubt_crossings(findings: Findings, line: Line, crossings: Sequence[Crossing] | None) -> list[Doubt]:
    """Doubt estimates beyond a number in the code; a number in the user's own code mostly limits a size."""
    if crossings is None:
        return [Doubt("its code could not be scanned for thresholds", Weight.GRAVE)]
    if crossings:
        number = next((each.number for each in crossings if each.number.is_users), crossings[0].number)
        where = f"the {number.value:,} of {number.function} in {number.filename}"
        weight = Weight.UNBOUNDED if number.is_users else Weight.SLIGHT
        return [Doubt(f"sizes on both sides of {where} were not measured", weight)]
    roots = find_library_roots()
    libraries = {library_of(site.filename, roots) for site in findings.points[-1].trace.sites}
    ranges = find_unmeasured_ranges(line, findings)
    if libraries & _CHOOSERS and any(low < INDEX_LIMIT <= high for low, high in ranges):
        return [Doubt("a library chooses longer indices beyond 2**31")]
    return []

"""Run the real size as a ghost, where its own time allows it: what no small run shows happens there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ndmem.planning.extrapolation.run_time import extrapolate_cost
from ndmem.planning.strategy.failure import NO_RESULT
from ndmem.planning.strategy.findings import Findings, GhostRun
from ndmem.planning.strategy.measurements import Measurements
from ndmem.planning.worker.process.forked import ChildTimeoutError
from ndmem.platform.system import IS_LINUX

if TYPE_CHECKING:
    from ndmem.planning.extrapolation.match import Point
    from ndmem.planning.extrapolation.size_line import Line

_MOST_EFFORT = 3_000_000
"""Work of the run in the units of effort.py: some 5 s, for its pages are touched already. The same on every machine."""

_PROCESSOR_SHARE = 0.3
"""Part of the timeout that it may take, in processor time: for what computes, which shows in no count."""

_SLACK = 1.3
"""How much longer than estimated it may take before it is stopped."""

_MOST_EVENTS = 1_000_000
LARGE = 4096
"""A loop that makes more buffers than that has only its large ones recorded."""

_TOO_LONG = "the real size took too long as a ghost"
_HOLLOW = 2**20
"""Arrays from this size on are ghosts; a run without one is an ordinary run."""


def run_ghost(measurements: Measurements, findings: Findings) -> Findings:
    """Run the real size as a ghost.

    If its peak is not the predicted one, a size that was measured runs as a ghost as well: if that has the measured
    peak, arbitrary values do not change the sizes, and the ghost run shows another path at the real size.

    Returns
    -------
    Findings
        With the run, or the reason why there is none.
    """
    if findings.real is not None:
        return findings
    obstacle = _find_obstacle(measurements, findings)
    if obstacle:
        return replace(findings, no_ghost=obstacle)
    threshold = choose_threshold(measurements.line, findings)
    most = _SLACK * _PROCESSOR_SHARE * measurements.time_limit.seconds
    try:
        point = measurements.run_ghost(measurements.line.target, threshold=threshold, processor_limit=most)
    except ChildTimeoutError:
        return replace(findings, no_ghost=_TOO_LONG)
    except NO_RESULT:
        return replace(findings, no_ghost="the real size failed as a ghost, where the contents of arrays are arbitrary")
    if point.is_cut:
        return replace(findings, no_ghost=_TOO_LONG)
    agrees = point.peak == findings.estimate.nbytes
    return replace(findings, ghost=GhostRun(point, threshold, agrees or _is_trusted(measurements, findings, threshold)))


def _find_obstacle(measurements: Measurements, findings: Findings) -> str:
    if findings.is_cut:
        return "even small runs did not return in time"
    if not IS_LINUX:
        return "ghost runs need Linux"
    target = measurements.line.target
    is_long = measurements.estimate_processor_seconds(target) > _PROCESSOR_SHARE * measurements.time_limit.seconds
    if is_long or measurements.estimate_effort(target) > _MOST_EFFORT:
        return "the real size takes too long to be run as a ghost"
    return ""


def _is_trusted(measurements: Measurements, findings: Findings, threshold: int) -> bool:
    """Tell whether the largest measured size has the same peak as a ghost."""
    measured = findings.points[-1] if findings.largest is None else findings.largest.point
    if max(measured.peak, measurements.estimate_inputs(measured.t, findings.points)) < _HOLLOW:
        return False  # without an array that is large enough, the run is not a ghost and proves nothing
    try:
        control = measurements.run_ghost(
            measured.t, threshold=threshold, processor_limit=_PROCESSOR_SHARE * measurements.time_limit.seconds
        )
    except NO_RESULT:
        return False
    return not control.is_cut and abs(control.peak - measured.peak) <= (0 if threshold == 1 else _small(measured))


def _small(point: Point) -> int:
    """Return the bytes of a run's buffers that a recording of large ones leaves out."""
    return int(point.nbytes[point.nbytes < LARGE].sum())


def choose_threshold(line: Line, findings: Findings) -> int:
    """Return the least bytes of the buffers to record: all, unless the real size makes too many."""
    events = float(len(findings.last.events))
    if not findings.estimate.is_matched:
        counts = [(point.lengths, float(len(point.events))) for point in findings.points]
        events = extrapolate_cost(counts, line.scaled()[:3], line.at(line.target))
    return 1 if events <= _MOST_EVENTS else LARGE

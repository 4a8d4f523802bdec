"""Draw the conclusion from the runs: the peak, its interval and its label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .confidence import Confidence
from .extrapolation.trend import find_trend
from .strategy.doubt import Doubt, Weight

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .extrapolation.size_line import Line
    from .strategy.findings import Findings

_ROUGH = 0.01
"""Relative error from which on the label is rough."""

_GRAVE_ERROR = 0.05
"""Least relative error of the interval if a doubt is grave."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What is said of the peak.

    Attributes
    ----------
    nbytes : int
        The peak.
    low, high : int
        Its interval, bytes; it includes what a first call needs more.
    confidence : Confidence
        The label.
    doubts : tuple of Doubt
        The reasons why it is no better.
    """

    nbytes: int
    low: int
    high: int
    confidence: Confidence
    doubts: tuple[Doubt, ...]


def draw_conclusion(line: Line, findings: Findings, doubts: Sequence[Doubt]) -> Conclusion:
    """Choose peak, interval and label."""
    if findings.real is not None:
        return _conclude_measured(findings, doubts)
    weight = _weigh(doubts)
    if findings.is_verified and weight < Weight.SLIGHT:
        nbytes = findings.estimate.nbytes
        return Conclusion(nbytes, nbytes, nbytes + findings.first_extra, Confidence.VERIFIED, tuple(doubts))
    doubts = [*doubts, *doubt_trend(line, findings)]
    nbytes, low, high = _find_interval(line, findings, doubts)
    error = max(high - findings.first_extra - nbytes, nbytes - low) / max(nbytes, 1)
    return Conclusion(nbytes, low, high, _label(_weigh(doubts), error), tuple(doubts))


def _conclude_measured(findings: Findings, doubts: Sequence[Doubt]) -> Conclusion:
    assert findings.real is not None
    nbytes, weight = findings.real.peak, _weigh(doubts)
    error = _spread(doubts, weight)
    label = Confidence.MEASURED if weight < Weight.SLIGHT else _label(weight, error)
    low, high = int(nbytes * (1 - error)), int(nbytes * (1 + error))
    return Conclusion(nbytes, low, high + findings.first_extra, label, tuple(doubts))


def _label(weight: Weight, error: float) -> Confidence:
    if error > _ROUGH or weight >= Weight.GRAVE:
        return Confidence.ROUGH
    return Confidence.EXTRAPOLATED if weight >= Weight.SLIGHT or error else Confidence.EXACTLY


def _weigh(doubts: Sequence[Doubt]) -> Weight:
    return max((doubt.weight for doubt in doubts), default=Weight.NOTE)


def _spread(doubts: Sequence[Doubt], weight: Weight) -> float:
    """Return the relative error that the doubts name, at least that of a grave one."""
    named = max((doubt.off for doubt in doubts), default=0.0)
    return min(max(named, _GRAVE_ERROR if weight >= Weight.GRAVE else 0.0), 1.0)


def _find_interval(line: Line, findings: Findings, doubts: Sequence[Doubt]) -> tuple[int, int, int]:
    """Return the peak and its interval: the estimates, the ghost run and the trend, each where it was not refuted."""
    found, ghost, weight = findings.estimate, findings.ghost, _weigh(doubts)
    error = found.error + (findings.agreement or 0.0) * (2 if found.is_matched else 4)
    error = max(error, _spread(doubts, weight))
    low, high = min(found.low, found.nbytes) * (1 - min(error, 1.0)), max(found.high, found.nbytes) * (1 + error)
    nbytes = found.nbytes
    trend = None if _is_proven(line, findings) else _trend(line, findings)
    if ghost is not None and findings.adopts_ghost:
        nbytes = ghost.point.peak
        low, high = min(low, nbytes), max(high, nbytes)
    elif trend is not None and contradicts_trend(line, findings):
        nbytes, low, high = (trend[0] + trend[1]) // 2, *trend
    elif trend is not None and weight >= Weight.GRAVE:
        # The estimates of nearby sizes agree although growth slows down or speeds up towards a far one.
        low, high = min(low, trend[0]), max(high, trend[1])
    if weight >= Weight.UNBOUNDED:
        low = min(low, findings.last.peak)
    return nbytes, max(int(low), 0), int(high) + findings.first_extra


def _trend(line: Line, findings: Findings) -> tuple[int, int] | None:
    """Return the bounds of the peak that the last measured scales set, by the longest dimension."""
    name = max(line.scaled(), key=lambda name: line.at(line.target)[name])
    runs = [*findings.scales, findings.points[-1]]
    if findings.largest is not None:
        runs.append(findings.largest.point)
    runs = sorted({point.t: point for point in runs}.values(), key=lambda point: point.t)
    return find_trend(
        [point.lengths[name] for point in runs], [point.peak for point in runs], line.at(line.target)[name]
    )


def _is_proven(line: Line, findings: Findings) -> bool:
    """Tell whether a polynomial gave every buffer, so that a trend tells nothing more."""
    return (findings.estimate.is_exact and findings.estimate.is_matched) or not line.target


def contradicts_trend(line: Line, findings: Findings) -> bool:
    """Tell whether an estimate that no polynomial proves lies outside the trend of the measured peaks."""
    if _is_proven(line, findings):
        return False
    found, trend = findings.estimate, _trend(line, findings)
    return trend is not None and not trend[0] * (1 - _GRAVE_ERROR) <= found.nbytes <= trend[1] * (1 + _GRAVE_ERROR)


def doubt_trend(line: Line, findings: Findings) -> list[Doubt]:
    """Return the doubt that the trend of the measured peaks raises."""
    if not contradicts_trend(line, findings):
        return []
    return [Doubt("the lines, each extrapolated alone, contradict the growth of the measured peaks", Weight.GRAVE)]

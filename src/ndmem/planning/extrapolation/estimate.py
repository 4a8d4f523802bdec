"""Estimate the peak at one size from runs at others: replay the events if the runs match, else extrapolate stacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Domain, Kind

from .elision import THRESHOLD, find_pairs, is_unseen, live_if_reused
from .match import Point, live_bytes, match, stack_sizes
from .polynomials import extrapolate_sizes

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s

    from .size_line import Line


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """The peak of arrays at one size.

    Attributes
    ----------
    nbytes : int
        The peak, if NumPy reuses the temporaries of operators among those whose reuse no run showed.
    low, high : int
        The peak if NumPy reuses all of those temporaries, and if it reuses none.
    error : float
        Relative error to expect in addition.
    is_matched : bool
        Whether all runs had the same structure.
    is_exact : bool
        Whether they matched and a polynomial reproduced the size of every buffer.
    sizes : (births,) int64, or None
        Bytes of each buffer; ``None`` if the runs do not match.
    reused : (born, died), or None
        Events of the temporaries that `nbytes` counts as reused; ``None`` if there are none or the runs do not match.
    place_peaks : dict of int to int
        Highest live bytes of the whole program at each call stack.
    """

    nbytes: int
    low: int
    high: int
    error: float
    is_matched: bool
    is_exact: bool
    sizes: Int64s | None
    reused: tuple[Int64s, Int64s] | None
    place_peaks: dict[int, int]

    @property
    def is_proven(self) -> bool:
        """Whether the runs matched, a polynomial gave every buffer, and no reuse of temporaries is open."""
        return self.is_matched and self.is_exact and self.low == self.high


def estimate_peak(line: Line, points: Sequence[Point], target: int) -> Estimate:
    """Estimate the peak at a position of the line from runs at other positions."""
    return _replay(line, points, target) if match(points) else _envelope(line, points, target)


def _replay(line: Line, points: Sequence[Point], target: int) -> Estimate:
    """Replay the births and deaths of the last run with the predicted size of each buffer."""
    last = points[-1]
    grown = extrapolate_sizes(line, [point.t for point in points], stack_sizes(points), target)
    live = live_bytes(last.events, grown.nbytes)
    born, died = find_pairs(last, grown.nbytes)
    buffer = last.events.buffer[born]
    # A buffer above the threshold in a run that NumPy did not reuse there is never reused: else the runs would differ.
    unseen = is_unseen(last.nbytes[buffer], grown.nbytes[buffer])
    born, died = born[unseen], died[unseen]
    low = int(live_if_reused(last, grown.nbytes, born, died).max(initial=0))
    by_operator = last.by_operator[born]
    likely = live_if_reused(last, grown.nbytes, born[by_operator], died[by_operator])
    return Estimate(
        nbytes=int(likely.max(initial=0)),
        low=low,
        high=int(live.max(initial=0)),
        error=_error_at(last, grown.nbytes, grown.error, int(likely.argmax()) if len(likely) else 0),
        is_matched=True,
        is_exact=bool(grown.exact.all()),
        sizes=grown.nbytes,
        reused=(born[by_operator], died[by_operator]) if by_operator.any() else None,
        place_peaks=peaks_by_place(last, likely),
    )


def _error_at(point: Point, sizes: Int64s, error: np.ndarray[tuple[int], np.dtype[np.float64]], at: int) -> float:
    """Return the relative error of the live bytes at an event: the mean over the buffers alive, weighted by size."""
    if not error.any() or not len(sizes):
        return 0.0
    alive = point.events.alive_after(at + 1)
    total = float(sizes[alive].sum())
    return float((sizes[alive] * error[alive]).sum()) / total if total else float(error.max())


def peaks_by_place(point: Point, live: Int64s) -> dict[int, int]:
    """Return the highest live bytes at the births of arrays of each call stack."""
    births = (point.events.kind == Kind.BORN) & (point.events.domain == Domain.ARRAY)
    places, inverse = np.unique(point.place[births], return_inverse=True)
    highest = np.zeros(len(places), np.int64)
    np.maximum.at(highest, inverse, live[births])
    return dict(zip(places.tolist(), highest.tolist(), strict=True))


def _envelope(line: Line, points: Sequence[Point], target: int) -> Estimate:
    """Extrapolate the highest live bytes at each call stack, and take the maximum.

    Extrapolating the global peak alone was wrong by 54 % on one program: the line of the peak changes with the size.
    """
    spread = [peaks_by_place(point, point.live()) for point in points]
    high, error, exact, peaks = _extrapolate_peaks(line, points, spread, target)
    missing = _share_missing(spread)
    found = Estimate(high, high, high, error + missing, False, exact and not missing, None, None, peaks)
    if not _is_unseen_any(points, high):
        return found
    low = _extrapolate_peaks(line, points, [_reused_peaks(point) for point in points], target)[0]
    likely, error, _, peaks = _extrapolate_peaks(
        line, points, [_reused_peaks(point, by_operator=True) for point in points], target
    )
    if low >= high:
        return found
    return replace(found, nbytes=min(max(likely, low), high), low=low, error=error + missing, place_peaks=peaks)


def _reused_peaks(point: Point, *, by_operator: bool = False) -> dict[int, int]:
    """Return the peaks at call stacks if NumPy reused all small temporaries that it could, or those of operators."""
    born, died = find_pairs(point, point.nbytes)
    chosen = point.nbytes[point.events.buffer[born]] < THRESHOLD
    if by_operator:
        chosen &= point.by_operator[born]
    return peaks_by_place(point, live_if_reused(point, point.nbytes, born[chosen], died[chosen]))


def _largest_pair(point: Point) -> int:
    """Return the bytes of the largest buffer that was too small to be reused."""
    born, _ = find_pairs(point, point.nbytes)
    sizes = point.nbytes[point.events.buffer[born]]
    return int(sizes[sizes < THRESHOLD].max(initial=0))


def _is_unseen_any(points: Sequence[Point], high: int) -> bool:
    """Tell whether a temporary may grow beyond the threshold; it grows no faster than the peak."""
    largest = [_largest_pair(point) for point in points]
    return bool(largest[-1]) and largest[-1] * (high / max(points[-1].peak, 1)) >= THRESHOLD


def _extrapolate_peaks(
    line: Line, points: Sequence[Point], peaks: Sequence[dict[int, int]], target: int
) -> tuple[int, float, bool, dict[int, int]]:
    """Return the highest peak at the target, its error, whether it is exact, and all of them."""
    common = sorted(set.intersection(*(set(each) for each in peaks)))
    if not common:
        highest = max((max(each.values(), default=0) for each in peaks), default=0)
        return highest, 1.0, False, {}
    table = np.array([[each[place] for place in common] for each in peaks], np.int64)
    grown = extrapolate_sizes(line, [point.t for point in points], table, target)
    at = int(grown.nbytes.argmax())
    # The true peak may be at another stack that is nearly as high, if the growth of that one is only approximate.
    near = grown.nbytes >= grown.nbytes[at] * 0.98
    error = float(grown.error[near].max())
    return (
        int(grown.nbytes[at]),
        error,
        bool(grown.exact[near].all()),
        dict(zip(common, grown.nbytes.tolist(), strict=True)),
    )


def _share_missing(peaks: Sequence[dict[int, int]]) -> float:
    """Return 1.0 if the highest stack of the largest run is missing in a smaller one, which shows no growth."""
    common = set.intersection(*(set(each) for each in peaks))
    last = peaks[-1]
    highest = max(last.values(), default=0)
    new = max((nbytes for place, nbytes in last.items() if place not in common), default=0)
    return 0.0 if not highest or new < 0.98 * highest else 1.0

"""What the runs at a few sizes say of another size: replayed where they match, line by line where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .fit import grow
from .match import Point, live_bytes, match, stack_sizes
from .reuse import THRESHOLD, find_pairs, is_unseen, live_if_reused

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s

    from .line import Line


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """The peak of arrays at one size.

    Attributes
    ----------
    nbytes : int
        The peak, if of the temporaries whose reuse was not seen those of operators are reused.
    low, high : int
        What it may be, if all of them are reused, or none.
    error : float
        Relative error to expect besides.
    is_matched : bool
        All runs had the same structure.
    is_exact : bool
        They had, and polynomials reproduced every buffer.
    sizes : (births,) int64, or None
        Bytes of each buffer where the runs match.
    reused : (born, died), or None
        Events of temporaries that `nbytes` takes to be reused, where the runs match.
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


def estimate(line: Line, points: Sequence[Point], target: int) -> Estimate:
    """Estimate the peak at a point of the line from runs at others, evenly spaced."""
    return _replay(line, points, target) if match(points) else _envelope(line, points, target)


def _replay(line: Line, points: Sequence[Point], target: int) -> Estimate:
    """Let every buffer be born and die at its predicted size."""
    last = points[-1]
    grown = grow(line, [point.t for point in points], stack_sizes(points), target)
    live = live_bytes(last.run, grown.nbytes)
    born, died = find_pairs(last, grown.nbytes)
    buffer = last.run.buffer[born]
    # What was large in one of the runs and not reused there is not reused: they would not match.
    unseen = is_unseen(last.run.nbytes[buffer], grown.nbytes[buffer])
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
    """Return the relative error of live bytes at an event, of the errors of the buffers alive there."""
    if not error.any() or not len(sizes):
        return 0.0
    run = point.run
    alive = np.zeros(len(sizes), np.bool_)
    until = slice(0, at + 1)
    alive[run.buffer[until][run.kind[until] == 0]] = True
    alive[run.buffer[until][run.kind[until] == 1]] = False
    total = float(sizes[alive].sum())
    return float((sizes[alive] * error[alive]).sum()) / total if total else float(error.max())


def peaks_by_place(point: Point, live: Int64s) -> dict[int, int]:
    """Return the highest live bytes at the births of arrays of each call stack."""
    births = (point.run.kind == 0) & (point.run.domain == 0)
    places, inverse = np.unique(point.place[births], return_inverse=True)
    highest = np.zeros(len(places), np.int64)
    np.maximum.at(highest, inverse, live[births])
    return dict(zip(places.tolist(), highest.tolist(), strict=True))


def _envelope(line: Line, points: Sequence[Point], target: int) -> Estimate:
    """Take the maximum over call stacks of what the live bytes there grow to.

    The peak as a whole does not grow like any one of them: its place moves with the size.
    """
    spread = [peaks_by_place(point, point.live()) for point in points]
    high, error, exact, peaks = _grow_peaks(line, points, spread, target)
    missing = _share_missing(spread)
    found = Estimate(high, high, high, error + missing, False, exact and not missing, None, None, peaks)
    if not _is_unseen_any(points, high):
        return found
    low = _grow_peaks(line, points, [_reused_peaks(point) for point in points], target)[0]
    likely, error, _, peaks = _grow_peaks(
        line, points, [_reused_peaks(point, by_operator=True) for point in points], target
    )
    if low >= high:
        return found
    return replace(found, nbytes=min(max(likely, low), high), low=low, error=error + missing, place_peaks=peaks)


def _reused_peaks(point: Point, *, by_operator: bool = False) -> dict[int, int]:
    """Return the peaks of places if what is small and can be reused were reused, all of it or that of operators."""
    born, died = find_pairs(point, point.run.nbytes)
    chosen = point.run.nbytes[point.run.buffer[born]] < THRESHOLD
    if by_operator:
        chosen &= point.by_operator[born]
    return peaks_by_place(point, live_if_reused(point, point.run.nbytes, born[chosen], died[chosen]))


def _largest_pair(point: Point) -> int:
    """Return the bytes of the largest buffer that was too small to be reused."""
    born, _ = find_pairs(point, point.run.nbytes)
    sizes = point.run.nbytes[point.run.buffer[born]]
    return int(sizes[sizes < THRESHOLD].max(initial=0))


def _is_unseen_any(points: Sequence[Point], high: int) -> bool:
    """Whether what may be reused grows beyond the threshold: it grows no faster than the peak."""
    largest = [_largest_pair(point) for point in points]
    return bool(largest[-1]) and largest[-1] * (high / max(points[-1].peak, 1)) >= THRESHOLD


def _grow_peaks(
    line: Line, points: Sequence[Point], peaks: Sequence[dict[int, int]], target: int
) -> tuple[int, float, bool, dict[int, int]]:
    """Return the highest peak at the target, its error, whether it is exact, and all of them."""
    common = sorted(set.intersection(*(set(each) for each in peaks)))
    if not common:
        highest = max((max(each.values(), default=0) for each in peaks), default=0)
        return highest, 1.0, False, {}
    table = np.array([[each[place] for place in common] for each in peaks], np.int64)
    grown = grow(line, [point.t for point in points], table, target)
    at = int(grown.nbytes.argmax())
    # A line that is nearly as high may be higher in truth, if its own growth is only approximate.
    near = grown.nbytes >= grown.nbytes[at] * 0.98
    error = float(grown.error[near].max())
    return (
        int(grown.nbytes[at]),
        error,
        bool(grown.exact[near].all()),
        dict(zip(common, grown.nbytes.tolist(), strict=True)),
    )


def _share_missing(peaks: Sequence[dict[int, int]]) -> float:
    """Return how high, of the whole, what only the larger runs did came: it cannot be carried on."""
    common = set.intersection(*(set(each) for each in peaks))
    last = peaks[-1]
    highest = max(last.values(), default=0)
    new = max((nbytes for place, nbytes in last.items() if place not in common), default=0)
    return 0.0 if not highest or new < 0.98 * highest else 1.0

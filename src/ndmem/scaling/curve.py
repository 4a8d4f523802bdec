"""Fit bytes over rows: a constant, a part for each row, and one for each pair of rows; none of them negative."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

_GRAIN: Final = 2**17
_SCATTER: Final = 0.005
_PENALTY: Final = 0.005
"""Relative error that a further term has to take away: pages make measured bytes scatter by about as much."""

_UNUSUAL: Final = 0.02
"""The same for a term in the square of the rows, and for bytes that no row adds to: lengths that a Fourier transform
rounds up look like a square."""

_MOST_ROWS: Final = 2**62


@dataclass(frozen=True, slots=True)
class Curve:
    """Bytes as a function of rows.

    Attributes
    ----------
    constant, for_row, for_pair : float
        Bytes: ``constant + for_row * rows + for_pair * rows**2``.
    error : float
        The largest relative distance of a measured point from the curve.
    """

    constant: float
    for_row: float
    for_pair: float
    error: float

    def at(self, rows: int) -> int:
        """Return the bytes at a number of rows, rounded up."""
        return math.ceil(self.constant + self.for_row * rows + self.for_pair * rows * rows)

    def largest(self, nbytes: int) -> int:
        """Return the most rows that need no more than some bytes; 0 if not even one row fits."""
        left = nbytes - self.constant
        if left < 0:
            return 0
        # The root of the square in the form that does not cancel where the term for pairs is slight.
        slope = self.for_row + math.sqrt(self.for_row * self.for_row + 4 * self.for_pair * left)
        rows = 2 * left / slope if slope else float(_MOST_ROWS)
        found = int(min(rows, _MOST_ROWS))
        while found and self.at(found) > nbytes:  # a rounding error in the root
            found -= 1
        return found


def fit_curve(points: Sequence[tuple[int, int]]) -> Curve:
    """Fit the simplest curve that explains measured bytes.

    Parameters
    ----------
    points : sequence of (int, int)
        Rows and bytes; at least one. Each counts by how far its bytes scatter: 128 KiB and half a per cent.

    Returns
    -------
    Curve
        Of all combinations of the three terms that no term makes negative, the one whose largest relative error and
        number of terms cost least.
    """
    rows = np.array([point[0] for point in points], np.float64)
    nbytes = np.array([max(point[1], 1) for point in points], np.float64)
    longest = float(rows.max())  # lengths up to 1: squares of rows and ones are too far apart for least squares
    terms = (rows / longest)[:, None] ** np.arange(3)
    scatter = _GRAIN + _SCATTER * nbytes
    best, least = Curve(float(nbytes.max()), 0.0, 0.0, 1.0), math.inf
    for count in range(1, min(3, len(set(rows.tolist()))) + 1):
        for chosen in combinations(range(3), count):
            found = np.linalg.lstsq(terms[:, chosen] / scatter[:, None], nbytes / scatter, rcond=None)[0]
            if (found < 0).any():
                continue
            weights = np.zeros(3)
            weights[list(chosen)] = found
            error = float(np.abs(terms @ weights / nbytes - 1).max())
            cost = error + _PENALTY * count + _UNUSUAL * (1 not in chosen) + _UNUSUAL * (2 in chosen)
            if cost < least:
                constant, for_row, for_pair = (float(weight) for weight in weights)
                best, least = Curve(constant, for_row / longest, for_pair / longest**2, error), cost
    return best

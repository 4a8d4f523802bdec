"""Choose the line of sizes from small ones to the real one, on which a polynomial of the sizes has one variable.

Each dimension is a + b·t with integers a and b: t = T is the real size, and small t are the measured sizes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

SHORTEST: Final = 32
"""Shortest length of a reduced dimension: filters, blocks and windows need several elements."""

KEPT: Final = 3 * SHORTEST
"""Dimensions up to this length are not reduced."""

_FEWEST_STEPS: Final = 16
"""A line with fewer steps saves too little to justify the risk of extrapolation."""

_MOST_CANDIDATES: Final = 4096

_STEPS_TO_DOUBLE: Final = 8
"""Steps after which sizes are twice as long, if samples need a length."""


@dataclass(frozen=True, slots=True)
class Line:
    """Sizes as a function of one number.

    Attributes
    ----------
    start, step : dict of str to int
        Length of each dimension at t = 0, and its growth for each t; 0 if it is not reduced.
    target : int
        The t of the real size; 0 if no dimension is reduced.
    """

    start: dict[str, int]
    step: dict[str, int]
    target: int

    def at(self, t: int) -> dict[str, int]:
        """Return the length of each dimension."""
        return {name: start + self.step[name] * t for name, start in self.start.items()}

    def scaled(self) -> list[str]:
        """Return the dimensions that grow along the line."""
        return [name for name, step in self.step.items() if step]


def choose_line(
    lengths: Mapping[str, int], cost: Callable[[Mapping[str, int]], int], least: Mapping[str, int] | None = None
) -> Line:
    """Find the line to the real size with the lowest cost of its small sizes.

    Parameters
    ----------
    lengths : mapping of str to int
        The real length of each dimension.
    cost : callable
        Bytes of the arguments for given lengths.
    least : mapping of str to int, optional
        Shortest lengths of some dimensions.

    Returns
    -------
    Line
        Residues modulo 4 or 8 are constant along it, because functions halve and quarter lengths. So is the order of
        the lengths: an array that is tall at the real size must not be wide at a small one.
    """
    longest_first = sorted((name for name, length in lengths.items() if length > KEPT), key=lambda name: -lengths[name])
    best, cheapest = Line(dict(lengths), dict.fromkeys(lengths, 0), 0), None
    for count in range(1, len(longest_first) + 1):
        if count < len(longest_first) and _are_alike(lengths, longest_first, count):
            continue  # lengths within a factor of two are reduced together
        line = _find_line(lengths, longest_first[:count], least or {})
        if line is None:
            continue
        needed = cost(line.at(8))
        if cheapest is None or needed < cheapest:
            best, cheapest = line, needed
    return best


def _are_alike(lengths: Mapping[str, int], names: list[str], count: int) -> bool:
    return lengths[names[count - 1]] < 2 * lengths[names[count]]


def _find_line(lengths: Mapping[str, int], scaled: list[str], shortest: Mapping[str, int]) -> Line | None:
    """Return the line with the shortest small sizes that reduces these dimensions and keeps the others."""
    real = np.array([lengths[name] for name in scaled], np.int64)
    kept = max((length for name, length in lengths.items() if name not in scaled), default=0)
    least = np.array([max(SHORTEST, kept + 1, shortest.get(name, 0)) for name in scaled], np.int64)
    grain = 8 if real.min() >= 2000 else 4
    # Sizes that start far from 0 have to grow in larger steps, or their growth is lost in the scatter of data.
    strides = np.array([max(1, -(-shortest.get(name, 0) // (_STEPS_TO_DOUBLE * grain))) for name in scaled], np.int64)
    most = int(((real - least) // (grain * strides)).min())
    if most < _FEWEST_STEPS:
        return None
    if len(set(real.tolist())) == 1:
        targets = np.array([most])
    elif most <= _MOST_CANDIDATES:
        targets = np.arange(_FEWEST_STEPS, most + 1)
    else:
        targets = np.unique(np.geomspace(_FEWEST_STEPS, most, _MOST_CANDIDATES).astype(np.int64))
    step = grain * ((real - least) // (grain * targets[:, None]))
    start = real - step * targets[:, None]
    order = np.argsort(real, kind="stable")
    keeps_order = (np.diff(step[:, order], axis=1) >= 0).all(axis=1) & (np.diff(start[:, order], axis=1) >= 0).all(
        axis=1
    )
    same = np.diff(real[order]) == 0
    keeps_order &= ((np.diff(start[:, order], axis=1) > 0) | same | (np.diff(step[:, order], axis=1) > 0)).all(axis=1)
    weight = np.log(start + 4.0 * step).sum(axis=1)
    weight[~keeps_order] += 4 * len(scaled)
    chosen = int(weight.argmin())
    starts = dict(zip(scaled, start[chosen].tolist(), strict=True))
    steps = dict(zip(scaled, step[chosen].tolist(), strict=True))
    return Line(
        {name: starts.get(name, length) for name, length in lengths.items()},
        {name: steps.get(name, 0) for name in lengths},
        int(targets[chosen]),
    )

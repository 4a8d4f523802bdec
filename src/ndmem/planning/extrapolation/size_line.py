"""The line of sizes from small ones to the real one, on which every polynomial of the sizes is one of a single number.

Each dimension D is a + b·t with whole a and b: t = T is the real size, small t are the sizes that are measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

SHORTEST: Final = 32
"""No dimension is made shorter: filters, blocks and windows need some room."""

KEPT: Final = 3 * SHORTEST
"""Dimensions up to this length stay as they are."""

_FEWEST_STEPS: Final = 16
"""A line with fewer steps saves too little to be worth its risk."""

_MOST_CANDIDATES: Final = 4096


@dataclass(frozen=True, slots=True)
class Line:
    """Sizes by one number.

    Attributes
    ----------
    start, step : dict of str to int
        Length of each dimension at t = 0, and what it grows by for each t; 0 for those that stay.
    target : int
        The t of the real size; 0 where there is nothing to scale.
    """

    start: dict[str, int]
    step: dict[str, int]
    target: int

    def at(self, t: int) -> dict[str, int]:
        """Return the length of each dimension."""
        return {name: start + self.step[name] * t for name, start in self.start.items()}

    def scaled(self) -> list[str]:
        """Return the dimensions that grow along it."""
        return [name for name, step in self.step.items() if step]


def choose_line(lengths: Mapping[str, int], cost: Callable[[Mapping[str, int]], int]) -> Line:
    """Find the line to the real size whose small sizes cost least.

    Parameters
    ----------
    lengths : mapping of str to int
        The real length of each dimension.
    cost : callable
        Bytes of the arguments for given lengths.

    Returns
    -------
    Line
        Residues modulo 4 or 8 are the same all along it, for halves and quarters of a length; so is the order of the
        lengths, for what is tall at the real size must not be wide at a small one.
    """
    longest_first = sorted((name for name, length in lengths.items() if length > KEPT), key=lambda name: -lengths[name])
    best, cheapest = Line(dict(lengths), dict.fromkeys(lengths, 0), 0), None
    for count in range(1, len(longest_first) + 1):
        if count < len(longest_first) and _are_alike(lengths, longest_first, count):
            continue  # lengths that are nearly the same belong together
        line = _find_line(lengths, longest_first[:count])
        if line is None:
            continue
        needed = cost(line.at(8))
        if cheapest is None or needed < cheapest:
            best, cheapest = line, needed
    return best


def _are_alike(lengths: Mapping[str, int], names: list[str], count: int) -> bool:
    return lengths[names[count - 1]] < 2 * lengths[names[count]]


def _find_line(lengths: Mapping[str, int], scaled: list[str]) -> Line | None:
    """Return the line with the shortest small sizes that scales these dimensions and keeps the others."""
    real = np.array([lengths[name] for name in scaled], np.int64)
    kept = max((length for name, length in lengths.items() if name not in scaled), default=0)
    least = max(SHORTEST, kept + 1)
    grain = 8 if real.min() >= 2000 else 4
    most = int((real.min() - least) // grain)
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

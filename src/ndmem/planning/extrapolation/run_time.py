"""Extrapolate the cost of a run, in seconds or in units of work, from small runs.

The result is an estimate: the cost of small runs is mostly overhead.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement

_DEGREE = 3
_RECENT = 5
_FAR = 1.5
"""A last run with so many times the product of the one before it tells more than all others together."""

_PREFERENCE = 0.05
"""How much better, in logarithms, a higher product of dimensions must fit."""


def extrapolate_cost(
    costs: Sequence[tuple[Mapping[str, int], float]],
    names: Sequence[str],
    target: Mapping[str, int],
    *,
    noise: float = 0.0,
    grain: float = 0.0,
) -> float:
    """Extrapolate a cost as a constant overhead plus a multiple of a product of dimensions.

    Parameters
    ----------
    costs : sequence of (lengths, cost)
        In the order they were measured, small sizes first.
    names : sequence of str
        Dimensions that were varied.
    target : mapping of str to int
        The size to extrapolate to.
    noise : float
        Relative growth that repeated runs of one size may show: below it the cost is taken to be all overhead.
    grain : float
        Growth that they may show besides, in units of the cost: a clock may go in steps.
    """
    first, last = costs[0], costs[-1]
    overhead = min(cost for _, cost in costs[: max(len(costs) // 3, 1)])
    best, least = last[1], math.inf
    recent = costs[-_RECENT:]
    if statistics.median(cost for _, cost in recent) <= overhead * (1 + noise) + grain:
        return max(cost for _, cost in recent)
    for degree in range(1, _DEGREE + 1):
        for term in combinations_with_replacement(names, degree):
            start, end = _product(first[0], term), _product(last[0], term)
            if end <= start:
                continue
            rates = [(cost - overhead) / max(_product(at, term) - start, 1.0) for at, cost in recent]
            is_far = len(costs) > 1 and end >= _FAR * _product(costs[-2][0], term)
            # The median, because another process may have delayed one of the runs.
            rate = max(rates[-1] if is_far else statistics.median(rates), 1e-15)
            error = (_PREFERENCE + noise / 4) * degree + _misfit(costs, term, overhead, start, rate)
            if error < least:
                best, least = overhead + rate * (_product(target, term) - start), error
    return best


def _misfit(
    costs: Sequence[tuple[Mapping[str, int], float]], term: Sequence[str], overhead: float, start: float, rate: float
) -> float:
    """Return the mean error of a fit over the later half of the runs, in logarithms."""
    errors = [
        abs(math.log(max(overhead + rate * (_product(lengths, term) - start), 1e-7) / max(cost, 1e-7)))
        for lengths, cost in costs[len(costs) // 2 :]
        if _product(lengths, term) >= start
    ]
    return sum(errors) / max(len(errors), 1)


def _product(lengths: Mapping[str, int], term: Sequence[str]) -> float:
    product = 1.0
    for name in term:
        product *= lengths[name]
    return product

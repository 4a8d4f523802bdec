"""How long the real run takes, from the times of small ones: an estimate, for small times are mostly overhead."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement

_DEGREE = 3
_RECENT = 5
_PREFERENCE = 0.05
"""How much better, in logarithms, a higher product of dimensions must fit."""


def carry_seconds(
    times: Sequence[tuple[Mapping[str, int], float]], names: Sequence[str], real: Mapping[str, int]
) -> float:
    """Carry times over to the real size.

    Parameters
    ----------
    times : sequence of (lengths, seconds)
        In the order they were taken, small sizes first.
    names : sequence of str
        Dimensions that were varied.
    real : mapping of str to int
        The real size.
    """
    first, last = times[0], times[-1]
    overhead = min(seconds for _, seconds in times[: max(len(times) // 3, 1)])
    best, least = last[1], math.inf
    recent = times[-_RECENT:]
    for degree in range(1, _DEGREE + 1):
        for term in combinations_with_replacement(names, degree):
            start, end = _product(first[0], term), _product(last[0], term)
            if end <= start:
                continue
            # One run of several may have met a busy machine.
            rates = [(seconds - overhead) / max(_product(at, term) - start, 1.0) for at, seconds in recent]
            rate = max(statistics.median(rates), 1e-15)
            error = _PREFERENCE * degree + _misfit(times, term, overhead, start, rate)
            if error < least:
                best, least = overhead + rate * (_product(real, term) - start), error
    return best


def _misfit(
    times: Sequence[tuple[Mapping[str, int], float]], term: Sequence[str], overhead: float, start: float, rate: float
) -> float:
    errors = [
        abs(math.log((overhead + rate * (_product(lengths, term) - start)) / max(seconds, 1e-7)))
        for lengths, seconds in times[len(times) // 2 :]
        if _product(lengths, term) >= start
    ]
    return sum(errors) / max(len(errors), 1)


def _product(lengths: Mapping[str, int], term: Sequence[str]) -> float:
    product = 1.0
    for name in term:
        product *= lengths[name]
    return product

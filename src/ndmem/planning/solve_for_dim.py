"""Find the greatest length of a dimension within a budget: the inverse of a prediction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ndmem.errors import PredictionError

from .extrapolation.estimate import estimate_peak

if TYPE_CHECKING:
    from .arguments.arguments import Arguments
    from .forecast import Forecast

_LONGEST = 2**40


def find_longest(found: Forecast, arguments: Arguments, dim: str, budget: int, *, native: int) -> int:
    """Return the greatest length of a dimension at which arguments, arrays and native memory fit into a budget.

    Parameters
    ----------
    found : Forecast
        The prediction for the real size.
    arguments : Arguments
        The arguments of the call.
    dim : str
        Name of the dimension.
    budget : int
        Bytes.
    native : int
        Native bytes at the real size; assumed to grow as the arrays do.

    Raises
    ------
    PredictionError
        If there is no such dimension, or it is unknown how memory grows with it.
    """
    if dim not in arguments.lengths:
        known = ", ".join(arguments.lengths) or "none"
        raise PredictionError(f"unknown dimension {dim!r}; the dimensions of this prediction are: {known}")
    share = 1 + native / max(found.nbytes + found.inputs_nbytes, 1)
    varied = None if found.formulas is None else found.formulas.variables
    if varied is not None and (dim in varied.names or dim in varied.ties):
        return _bisect(lambda length: int(share * _at_length(found, arguments, dim, length)), budget)
    step = found.line.step[dim]
    if step and sum(bool(each) for each in found.line.step.values()) == 1:
        t = _bisect(lambda t: int(share * _on_line(found, arguments, t)), budget)
        return found.line.at(t)[dim] if t else 0
    raise PredictionError(
        f"no formula in {dim} was found for this function; predict it for several lengths of {dim} instead"
    )


def _at_length(found: Forecast, arguments: Arguments, dim: str, length: int) -> int:
    """Return the bytes for another length of one dimension; the dimensions tied to it follow."""
    formulas = found.formulas
    assert formulas is not None
    lengths = dict(arguments.lengths)
    main, offset = formulas.variables.ties.get(dim, (dim, 0))
    lengths[main] = length - offset
    for name, (other, more) in formulas.variables.ties.items():
        if other == main:
            lengths[name] = lengths[main] + more
    return formulas.peak(lengths) + _inputs(found, arguments, lengths)


def _on_line(found: Forecast, arguments: Arguments, t: int) -> int:
    return estimate_peak(found.line, found.findings.points, t).high + _inputs(found, arguments, found.line.at(t))


def _inputs(found: Forecast, arguments: Arguments, lengths: dict[str, int]) -> int:
    known = arguments.nbytes(lengths)
    if known is not None:
        return known
    # The bytes of arguments from make= are only known by making them: assume proportion to the dimensions.
    share = 1.0
    for name, length in lengths.items():
        share *= length / max(arguments.lengths[name], 1)
    return int(found.inputs_nbytes * share)


def _bisect(needs: Callable[[int], int], budget: int) -> int:
    """Return the greatest number that needs at most the budget; 0 if even 1 needs more."""
    low, high = 0, 1
    while high < _LONGEST and needs(high) <= budget:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if needs(middle) <= budget else (low, middle)
    return low

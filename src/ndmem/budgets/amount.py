"""Budgets as a person writes them: bytes, a share of what the machine allows, or what leaves headroom below it."""

from __future__ import annotations

import math
import re
from typing import Final

from ndmem.errors import ProcessError, UnitError
from ndmem.process.limits import Limit, Limits, limits
from ndmem.units import parse_nbytes

_SHARE: Final = re.compile(r"\s*(\d{1,3}(?:\.\d*)?|\.\d+)\s*%\s*")
# The interpreter, libraries and their work memory grow beside the arrays: 10 % held for them in the examples.
_AUTO_SHARE: Final = 0.9


def read_budget(budget: int | str, *, live: int = 0, within: Limits | None = None) -> int:
    """Return the bytes of a budget.

    Parameters
    ----------
    budget : int or str
        Bytes; ``"4 GiB"``; ``"50%"`` of the limit that binds this process first; or ``"auto"``, nine tenths of what
        may still be used below that limit.
    live : int
        Bytes that the budget counts and that are there already; ``"auto"`` is on top of them.
    within : Limits, optional
        Limits to judge by; `limits` are asked if it is left out.

    Raises
    ------
    UnitError
        If it is no budget.
    ProcessError
        If it depends on the limit of the machine, and none is known.
    """
    if not isinstance(budget, str):
        return parse_nbytes(budget)
    if budget.strip().lower() == "auto":
        return live + int((_binding(within).free or 0) * _AUTO_SHARE)
    share = _SHARE.fullmatch(budget)
    if share is None:
        return _read_text(budget)
    percent = float(share[1])
    if not 0 < percent <= 100:
        raise UnitError(f"{budget!r} is out of range: a share of what the machine allows is above 0% and up to 100%")
    return int(_binding(within).nbytes * percent / 100)


def check_factor(factor: float) -> float:
    """Return a factor for the weight of arguments.

    Raises
    ------
    UnitError
        If it is not a number above 0.
    """
    good = isinstance(factor, int | float) and not isinstance(factor, bool) and math.isfinite(factor) and factor > 0
    if not good:
        raise UnitError(f"factor={factor!r} is not a number above 0; write for example factor=2.0")
    return float(factor)


def _read_text(budget: str) -> int:
    try:
        return parse_nbytes(budget)
    except UnitError:
        raise UnitError(f"{budget!r} is not a budget; write for example '4 GiB', '50%', 'auto' or 4096") from None


def _binding(within: Limits | None) -> Limit:
    binding = (limits() if within is None else within).binding
    if binding is None:
        raise ProcessError("what the machine allows is unknown: no limit could be read; give the budget in bytes")
    return binding

"""Read a budget: bytes, a percentage of the machine's limit, or `auto`."""

import math
import re
from typing import Final

from ndmem.errors import ProcessError, UnitError
from ndmem.platform.limits.machine_limits import Limit, Limits, limits
from ndmem.units import parse_nbytes

_SHARE: Final = re.compile(r"\s*(\d{1,3}(?:\.\d*)?|\.\d+)\s*%\s*")
# The interpreter and the work memory of libraries need memory too: 10 % sufficed in the examples.
_AUTO_SHARE: Final = 0.9


def read_budget(budget: int | str, *, live: int = 0, within: Limits | None = None) -> int:
    """Return the bytes of a budget.

    Parameters
    ----------
    budget : int or str
        Bytes; ``"4 GiB"``; ``"50%"`` of the limit that binds this process first; or ``"auto"``, nine tenths of what
        is still free below that limit.
    live : int
        Live bytes that the budget already counts; ``"auto"`` adds to them.
    within : Limits, optional
        Limits to compare with. Default: the result of `limits`.

    Raises
    ------
    UnitError
        If it is not a valid budget.
    ProcessError
        If it depends on the machine's limit, and none could be determined.
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
        raise UnitError(f"{budget!r} is out of range: a percentage of the machine's limit is above 0% and up to 100%")
    return int(_binding(within).nbytes * percent / 100)


def check_factor(factor: float) -> float:
    """Return a valid factor for the weight of arguments.

    Raises
    ------
    UnitError
        If it is not a number above 0.
    """
    number = isinstance(factor, int | float) and not isinstance(factor, bool)  # type: ignore[redundant-expr]
    if not (number and math.isfinite(factor) and factor > 0):
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
        raise ProcessError("no memory limit of the machine could be determined; give the budget in bytes")
    return binding

"""How a test is compared with a baseline: the allowed share, and the messages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ndmem.errors import NdmemError
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from ndmem.model.suite.figures import TestFigures

_SHARE: Final = re.compile(r"\s*(\d{1,6}(?:\.\d*)?)\s*%?\s*")


class BaselineError(NdmemError, ValueError):
    """An option about the baseline is not valid."""


def read_share(text: str) -> float:
    """Return a percentage as a fraction: 0.05 for ``"5%"``.

    Raises
    ------
    BaselineError
        If it is none.
    """
    match = _SHARE.fullmatch(text)
    if match is None:
        raise BaselineError(f"--ndmem-fail-above: {text!r} is not a percentage; write for example 5%")
    return float(match[1]) / 100


def describe_growth(now: TestFigures, before: TestFigures, share: float) -> str | None:
    """Return the message for a test whose peak exceeds the baseline by more than a share; ``None`` otherwise."""
    if now.peak <= before.peak * (1 + share):
        return None
    # The first line is short: pytest's summary shows it behind the name of the test.
    part = f"{share * 100:.3g}%"
    return (
        f"{format_nbytes(now.peak)} of arrays > baseline {format_nbytes(before.peak)} + {part}\n"
        f"{describe_change(now, before)}; --ndmem-fail-above allows {part} more than the baseline"
    )


def describe_change(now: TestFigures, before: TestFigures) -> str:
    """Write a peak with its change from the baseline."""
    if before.peak == 0:
        return f"{format_nbytes(now.peak)} of arrays, and none in the baseline"
    change = (now.peak - before.peak) / before.peak * 100
    return f"{format_nbytes(now.peak)} of arrays, {change:+.3g}%"

"""What the values of arrays need, as a run with ``--deep`` saw them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ValueRange:
    """A narrower dtype that held all values of the arrays that one stack allocated, at the moments of the looks.

    Attributes
    ----------
    stacks : tuple of int
        Nodes of the call tree that allocated them; several if a line has several expressions.
    dtype, narrower : str
        Their dtype and the narrower one, as ``str(dtype)`` writes it.
    low, high : int or None
        The least and the largest value of integers, and of floating-point numbers that are all integers; of text the
        least and the most characters; ``None`` for other numbers.
    count : int
        Number of looks.
    nbytes : int
        Bytes of the largest array.
    """

    stacks: tuple[int, ...]
    dtype: str
    narrower: str
    low: int | None
    high: int | None
    count: int
    nbytes: int


def read_value_range(fields: dict[str, Any], *, stacks: tuple[int, ...] | None = None) -> ValueRange:
    """Return what a file records.

    Raises
    ------
    TypeError, ValueError, KeyError
        If the record is not valid.
    """
    low, high = (None if fields[name] is None else int(fields[name]) for name in ("low", "high"))
    return ValueRange(
        tuple(map(int, fields["stacks"])) if stacks is None else stacks,
        str(fields["dtype"]),
        str(fields["narrower"]),
        low,
        high,
        max(int(fields["count"]), 0),
        max(int(fields["nbytes"]), 0),
    )

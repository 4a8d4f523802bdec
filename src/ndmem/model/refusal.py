"""Refused allocation that ended a program: an uncaught `MemoryError`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """The `MemoryError` with which a program ended.

    Attributes
    ----------
    message : str
        Text of the error; NumPy's says how much was asked for. May be empty.
    filename, lineno, function : str, int, str
        The user's innermost frame of its traceback; an empty name and 0 if there is none.
    """

    message: str
    filename: str
    lineno: int
    function: str


def read_refusal(fields: dict[str, Any] | None) -> Refusal | None:
    """Return what a file records; ``None`` if it records none.

    Raises
    ------
    TypeError, ValueError, KeyError
        If the record is not valid.
    """
    if fields is None:
        return None
    return Refusal(
        str(fields["message"]), str(fields["filename"]), max(int(fields["lineno"]), 0), str(fields["function"])
    )

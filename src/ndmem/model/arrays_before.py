"""The arrays that a program had when ``ndmem attach`` began to record it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


@dataclass(frozen=True, slots=True)
class ArrayBefore:
    """One buffer of arrays that was live when recording began.

    Attributes
    ----------
    nbytes : int
        Bytes of the buffer.
    shape : tuple of int
        Shape of the array that owns it, or of the largest view if the owner is unknown.
    dtype : str
        As ``str(dtype)`` writes it.
    holder : str
        The way from a variable to it, such as ``cache['x'] in load``; empty if none was found.
    """

    nbytes: int
    shape: tuple[int, ...]
    dtype: str
    holder: str


@dataclass(frozen=True, slots=True)
class ArraysBefore:
    """All buffers of arrays that were live when recording began. They count for no peak.

    Attributes
    ----------
    arrays : tuple of ArrayBefore
        The largest ones, the largest first.
    count, nbytes : int
        Number and bytes of all buffers, those without an entry in `arrays` included.
    seconds : float
        How long the program was held up while they were searched for.
    note : str
        What was not searched, and why; empty if all was.
    """

    arrays: tuple[ArrayBefore, ...] = ()
    count: int = 0
    nbytes: int = 0
    seconds: float = 0.0
    note: str = ""


def read_arrays_before(fields: Mapping[str, Any] | None) -> ArraysBefore | None:
    """Return what a file records; ``None`` for a program that was recorded from its start.

    Raises
    ------
    TypeError, ValueError, KeyError
        If the record is not valid.
    """
    if fields is None:
        return None
    arrays = tuple(
        ArrayBefore(
            _read_nbytes(each["nbytes"]), tuple(map(int, each["shape"])), str(each["dtype"]), str(each["holder"])
        )
        for each in fields["arrays"]
    )
    seconds = float(fields["seconds"])
    if not 0 <= seconds < float("inf"):
        raise ValueError("the time in which it searched for earlier arrays makes no sense")
    return ArraysBefore(
        arrays, _read_nbytes(fields["count"]), _read_nbytes(fields["nbytes"]), seconds, str(fields["note"])
    )


def _read_nbytes(given: Any) -> int:
    if type(given) is not int or given < 0:
        raise ValueError("the bytes of earlier arrays make no sense")
    return given

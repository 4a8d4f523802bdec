"""Named dimensions: the lengths that a prediction is made for."""

import operator
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ndmem.errors import SpecError
from ndmem.phrasing import current_phrasing


@dataclass(frozen=True, slots=True)
class Dim:
    """A dimension passed as an integer argument; the function gets its length.

    Attributes
    ----------
    name : str
        Name of the dimension.
    length : int
        Length at the real size.
    """

    name: str
    length: int

    def __index__(self) -> int:
        return self.length


class Dims(Mapping[str, int]):
    """Named dimensions and their lengths; pass ``dims.n`` for an argument that is the length of ``n``."""

    __slots__ = ("_lengths",)

    def __init__(self, lengths: Mapping[str, int]) -> None:
        self._lengths = dict(lengths)

    def __getattr__(self, name: str) -> Dim:
        try:
            return Dim(name, self._lengths[name])
        except KeyError:
            raise AttributeError(f"unknown dimension {name!r}; {_list(self._lengths)}") from None

    def __getitem__(self, name: str) -> int:
        return self._lengths[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lengths)

    def __len__(self) -> int:
        return len(self._lengths)

    def __repr__(self) -> str:
        return f"dims({', '.join(f'{name}={length}' for name, length in self._lengths.items())})"


def dims(**lengths: Any) -> Dims:
    """Name the dimensions of the arguments of a prediction.

    Parameters
    ----------
    **lengths : int
        Length of each dimension; a float that is a whole number is accepted, as in ``n=2e6``.

    Raises
    ------
    SpecError
        If a length is negative or not a whole number.

    Examples
    --------
    >>> dims(n=2_000_000, d=64)["n"]
    2000000
    """
    return Dims({name: _length(name, value) for name, value in lengths.items()})


def read_length(text: str) -> tuple[str, Any]:
    """Read the name and length of a dimension: ``n=2000000`` or ``n=2e6``.

    Raises
    ------
    SpecError
        If the text has another form.
    """
    name, equals, value = text.partition("=")
    if not equals and re.fullmatch(r"[<>=|]?[A-Za-z]\w*\[.*", text):
        raise SpecError(f"{text[:40]!r} is an array, not NAME=LENGTH; {current_phrasing().argument}")
    if not equals or not name.isidentifier():
        raise SpecError(f"{text[:40]!r} is not NAME=LENGTH; write for example n=2000000 or n=2e6")
    if not re.fullmatch(r"-?[0-9][0-9_]*(\.[0-9]*)?([eE]\+?[0-9]{1,2})?", value):
        raise SpecError(f"{value[:40]!r} is not a valid length for {name}; write {name}=2000000 or {name}=2e6")
    try:
        return name, int(value)
    except ValueError:
        return name, float(value)


def _length(name: str, value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        if isinstance(value, bool):
            raise TypeError
        length = operator.index(value)
    except TypeError:
        raise SpecError(
            f"dimension {name}={str(value)[:40]!r} is not a whole number; write for example {name}=1000"
        ) from None
    if length < 0:
        raise SpecError(f"dimension {name}={length} is negative; a length is 0 or more")
    if length >= 2**62:
        raise SpecError(f"dimension {name}={length} is longer than any array; write a length below 2**62")
    return length


def _list(lengths: Mapping[str, int]) -> str:
    return f"the dimensions are {', '.join(lengths)}" if lengths else f"name it: {current_phrasing().give_length('n')}"

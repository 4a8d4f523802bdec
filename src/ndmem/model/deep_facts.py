"""What a run with ``--deep`` saw of values: which dtype arrays need, and numbers that are Python objects."""

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


@dataclass(frozen=True, slots=True)
class BoxedNumbers:
    """A list or an array of objects that has nothing but numbers, each a Python object of its own.

    Attributes
    ----------
    filename, function, name : str
        Variable that had it, and its function; ``"<module>"`` for a global.
    container : str
        ``"list"`` or ``"object array"``.
    element : str
        Type of its elements; several are joined by ``" and "``.
    count : int
        Number of elements.
    nbytes : int
        Bytes of the container and its elements, as Python's allocator gives them; what Python shares counts nothing.
    array_nbytes : int
        Bytes of an array of these numbers.
    """

    filename: str
    function: str
    name: str
    container: str
    element: str
    count: int
    nbytes: int
    array_nbytes: int


@dataclass(frozen=True, slots=True)
class EqualArrays:
    """Arrays that one stack allocated and that had the same contents at once, when nothing could change them any more.

    Attributes
    ----------
    stacks : tuple of int
        Nodes of the call tree that allocated them; several if a line has several expressions.
    dtype : str
        Their dtype, as ``str(dtype)`` writes it.
    shape : tuple of int
        Their shape.
    count, distinct : int
        Number of arrays, and of different contents among them.
    nbytes : int
        Bytes of each.
    """

    stacks: tuple[int, ...]
    dtype: str
    shape: tuple[int, ...]
    count: int
    distinct: int
    nbytes: int


@dataclass(frozen=True, slots=True)
class DeepFacts:
    """What was seen of values.

    Attributes
    ----------
    values : tuple of ValueRange
        Arrays that a narrower dtype holds.
    boxed : tuple of BoxedNumbers
        Numbers that are Python objects.
    equal : tuple of EqualArrays
        Arrays with the same contents.
    """

    values: tuple[ValueRange, ...] = ()
    boxed: tuple[BoxedNumbers, ...] = ()
    equal: tuple[EqualArrays, ...] = ()


def read_deep_facts(fields: dict[str, Any] | None) -> DeepFacts | None:
    """Return what a file records; ``None`` if values were not looked at.

    Raises
    ------
    TypeError, ValueError, KeyError
        If the record is not valid.
    """
    if fields is None:
        return None
    return DeepFacts(
        tuple(read_value_range(each) for each in fields["values"]),
        tuple(read_boxed_numbers(each) for each in fields["boxed"]),
        tuple(read_equal_arrays(each) for each in fields.get("equal", ())),  # missing in files of earlier versions
    )


def read_boxed_numbers(fields: dict[str, Any]) -> BoxedNumbers:
    """Return what a file records; errors as of `read_deep_facts`."""
    count, nbytes, array_nbytes = (max(int(fields[name]), 0) for name in ("count", "nbytes", "array_nbytes"))
    return BoxedNumbers(
        filename=str(fields["filename"]),
        function=str(fields["function"]),
        name=str(fields["name"]),
        container=str(fields["container"]),
        element=str(fields["element"]),
        count=count,
        nbytes=nbytes,
        array_nbytes=array_nbytes,
    )


def read_value_range(fields: dict[str, Any], *, stacks: tuple[int, ...] | None = None) -> ValueRange:
    """Return what a file records; errors as of `read_deep_facts`."""
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


def read_equal_arrays(fields: dict[str, Any], *, stacks: tuple[int, ...] | None = None) -> EqualArrays:
    """Return what a file records; errors as of `read_deep_facts`."""
    count, distinct, nbytes = (max(int(fields[name]), 0) for name in ("count", "distinct", "nbytes"))
    return EqualArrays(
        tuple(map(int, fields["stacks"])) if stacks is None else stacks,
        str(fields["dtype"]),
        tuple(map(int, fields["shape"])),
        count,
        min(distinct, count),
        nbytes,
    )

"""Description of an array that does not exist yet: shape, dtype and order, and the bytes it would need."""

from __future__ import annotations

import enum
import operator
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ndmem.errors import SpecError

if TYPE_CHECKING:
    import numpy.typing as npt

# The shape is in the last brackets: "datetime64[ns][10, 3]" has a dtype with brackets of its own.
_TEXT: Final = re.compile(r"\s*(?P<dtype>\S.*?)\s*\[(?P<shape>[^\[\]]*)\]\s*", re.DOTALL)
_MOST_DIMENSIONS: Final = 64  # NPY_MAXDIMS since NumPy 2.0; 32 before
_MOST_TEXT: Final = 4096
_LONGEST_LENGTH: Final = 100


class Order(enum.Enum):
    """Memory order of the elements of an array."""

    C = "C"
    F = "F"


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """Shape, dtype and order of an array that need not exist.

    Attributes
    ----------
    shape : tuple of int
        Length of each axis; any Python integer.
    dtype : numpy.dtype
        Type of the elements, as `numpy.empty` returns it.
    order : Order
        Row-major or column-major.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    order: Order = Order.C

    @property
    def count(self) -> int:
        """Number of elements: the product of the shape, exact."""
        count = 1
        for length in self.shape:
            count *= length
        return count

    @property
    def nbytes(self) -> int:
        """Bytes of the array's own buffer: `count` times the item size, exact.

        For dtypes of objects these are the references only, without the objects.
        """
        return self.count * self.dtype.itemsize

    def __str__(self) -> str:
        name = self.dtype.str.lstrip("<|=") if self.dtype.names is None else str(self.dtype)
        return f"{name}[{', '.join(map(str, self.shape))}]"


def spec(
    shape: str | int | Iterable[int], dtype: npt.DTypeLike | None = None, order: Order | str = Order.C
) -> ArraySpec:
    """Describe an array that does not exist yet.

    Parameters
    ----------
    shape : int, iterable of int, or str
        Length of each axis; or a text with dtype and shape, ``"f4[100000, 1000]"``.
    dtype : dtype-like, optional
        Element type; float64 by default. Must be omitted with a text.
    order : Order or {"C", "F"}, optional
        Row-major or column-major.

    Returns
    -------
    ArraySpec
        ``nbytes`` is an exact integer of any size.

    Raises
    ------
    SpecError
        If it does not describe an array: a negative or fractional length, an unknown dtype, more than 64 axes.

    Examples
    --------
    >>> spec((100_000, 1_000), "f4").nbytes
    400000000
    >>> spec("f4[100000, 1000]").nbytes
    400000000
    """
    lengths: Iterable[int] | int
    if isinstance(shape, str):
        if dtype is not None:
            raise SpecError(f"{shape[:80]!r} names its own dtype; leave dtype={dtype!r} out")
        dtype, lengths = _read(shape)
    else:
        lengths = shape
    element, inner = _element(np.float64 if dtype is None else dtype)
    outer = _lengths(lengths)
    if len(outer + inner) > _MOST_DIMENSIONS:
        raise SpecError(f"a shape of {len(outer + inner)} axes is more than NumPy's {_MOST_DIMENSIONS}")
    return ArraySpec(outer + inner, element, _order(order))


def _read(text: str) -> tuple[str, list[int]]:
    match = _TEXT.fullmatch(text) if len(text) <= _MOST_TEXT else None
    # NumPy reads a control character as the number of a type.
    if match is None or not match["dtype"].isprintable():
        raise SpecError(f"{text[:80]!r} is not an array; write dtype[shape], for example 'f8[100000, 1000]'")
    lengths = []
    parts = [part.strip() for part in match["shape"].split(",")]
    if len(parts) > 1 or parts == [""]:
        parts = parts[:-1] if not parts[-1] else parts  # "3," and "" are as Python writes (3,) and ()
    for part in parts:
        length = _read_length(part) if len(part) <= _LONGEST_LENGTH else None
        if length is None:
            raise SpecError(f"{part[:40]!r} in {text[:80]!r} is not the length of an axis; write 1000000 or 1e6")
        lengths.append(length)
    return match["dtype"], lengths


def _read_length(text: str) -> int | None:
    """Read a whole number: ``1000000``, ``1_000_000`` or ``1e6``; ``None`` if it is not one."""
    if re.fullmatch(r"[0-9](?:_?[0-9])*", text, re.ASCII):
        return int(text)
    if not re.fullmatch(r"[0-9]+(\.[0-9]*)?[eE]\+?[0-9]{1,2}", text, re.ASCII):
        return None
    number = Decimal(text)  # exact, unlike a float
    return int(number) if number == number.to_integral_value() else None


def _element(dtype: npt.DTypeLike) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Return the dtype that an array gets, and the axes that a subarray dtype adds."""
    try:
        # np.empty decides what "U", "V" and "(3,)f8" become; an array of length 0 costs nothing.
        probe = np.empty(0, dtype)
    except (TypeError, ValueError, SyntaxError, OverflowError, MemoryError, RecursionError) as error:
        why = (str(error).splitlines() or ["unknown"])[0]
        raise SpecError(f"{str(dtype)[:80]!r} is not a dtype ({why}); write for example 'f8' or 'int32'") from None
    return probe.dtype, probe.shape[1:]


def _lengths(shape: Iterable[int] | int) -> tuple[int, ...]:
    try:
        lengths: tuple[Any, ...] = tuple(shape) if isinstance(shape, Iterable) else (shape,)
        if any(isinstance(length, (bool, np.bool_)) for length in lengths):
            raise TypeError
        result = tuple(map(operator.index, lengths))
    except TypeError:
        raise SpecError(f"{str(shape)[:80]} is not a shape; write integers, for example (100000, 1000)") from None
    if any(length < 0 for length in result):
        raise SpecError(f"{str(result)[:80]} is not a shape: an axis has a negative length; write 0 or more")
    return result


def _order(order: Order | str) -> Order:
    try:
        return Order(order)
    except ValueError:
        raise SpecError(f"{str(order)[:80]!r} is not an order; write 'C' or 'F'") from None

"""What the values of arrays need: their range, and the narrowest dtype that holds all of them.

Used inside the program: imports nothing, and gets NumPy from the program. Only loops in C of NumPy run, on views of the
base class of arrays of plain dtypes; what they allocate is some 2 MiB.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_AT_ONCE = 2**16
"""Elements that are looked at in one step."""

_WIDTHS = (1, 2, 4, 8)

_MOST_WHOLE_NBYTES = 2
"""Floating-point numbers that are all integers are called integers up to this width: larger ones are often amounts."""


def has_plain_values(array: Any, numpy: Any) -> bool:
    """Tell whether a narrower dtype than an array's may hold its values, and whether they can be read safely."""
    if type(array) is not numpy.ndarray or not (array.flags.c_contiguous or array.flags.f_contiguous):
        return False
    dtype = array.dtype
    if not dtype.isnative or dtype.names is not None:
        return False
    if dtype.kind in "fc":
        return dtype.char in "fdFD"  # not half precision, nor long double, which differs between machines
    least = {"i": 2, "u": 2, "U": 8, "S": 2}.get(dtype.kind)
    return least is not None and dtype.itemsize >= least


class ValueRange:
    """What is known of the values of the arrays that one stack allocated with one dtype.

    Parameters
    ----------
    kind, itemsize
        Of the dtype.

    Attributes
    ----------
    low, high : int or None
        The least and the largest value of integers, and of floating-point numbers that are all integers; of text the
        least and the most characters in use.
    is_whole, is_single, is_real : bool
        Whether all floating-point numbers are integers, whether all are exact in single precision, and whether all
        complex numbers are real.
    is_constant : bool
        Whether all elements are equal so far: an array that was not filled yet says nothing.
    """

    def __init__(self, kind: str, itemsize: int) -> None:
        self.kind, self.itemsize = kind, itemsize
        self.low: int | None = None
        self.high: int | None = None
        self.is_whole = kind == "f"
        self.is_single = kind == "f" and itemsize == 8  # bytes of double precision
        self.is_real = kind == "c"
        self.is_constant = True
        self._first: Any = None

    def read(self, array: Any, numpy: Any, is_late: Callable[[], bool]) -> bool:
        """Take the values of an array into account; false if the time was over before all were read."""
        flat = numpy.ndarray.reshape(numpy.ndarray.view(array, numpy.ndarray), -1, order="A")
        take = {"f": self._take_floats, "c": self._take_complex}.get(self.kind, self._take_integers)
        take = self._take_text if self.kind in "US" else take
        with numpy.errstate(all="ignore"):
            for start in range(0, flat.size, _AT_ONCE):
                if is_late():
                    return False
                take(flat[start : start + _AT_ONCE], numpy)
                if self.is_settled():
                    break
        return True

    def is_settled(self) -> bool:
        """Tell whether no narrower dtype holds the values read so far, so that more values change nothing."""
        return not self.is_constant and not self._narrower()

    def narrower(self) -> str | None:
        """Return the narrowest dtype that holds all values, as ``str(dtype)`` writes it; ``None`` if there is none."""
        return None if self.is_constant else self._narrower()

    def _narrower(self) -> str | None:
        if self.kind in "US":
            used, width = self.high or 1, self.itemsize // (4 if self.kind == "U" else 1)
            return f"{'<U' if self.kind == 'U' else '|S'}{used}" if used * 2 <= width else None
        if self.kind == "c":
            return f"float{self.itemsize * 4}" if self.is_real else None
        if self.kind == "f":
            whole = self._integer() if self.is_whole else None
            return whole or ("float32" if self.is_single else None)
        return self._integer()

    def _integer(self) -> str | None:
        """Return the narrowest type of integers, if it is narrower than the values' own."""
        if self.low is None or self.high is None:
            return None
        for nbytes in _WIDTHS:
            if nbytes >= self.itemsize or (self.kind == "f" and nbytes > _MOST_WHOLE_NBYTES):
                return None
            bits = nbytes * 8
            if self.low >= 0 and self.high < 1 << bits:
                return f"uint{bits}"
            if self.low >= -(1 << bits - 1) and self.high < 1 << bits - 1:
                return f"int{bits}"
        return None

    def _widen(self, low: int, high: int) -> None:
        self.low = low if self.low is None else min(low, self.low)
        self.high = high if self.high is None else max(high, self.high)
        self.is_constant = self.low == self.high

    def _take_integers(self, part: Any, numpy: Any) -> None:
        self._widen(int(numpy.minimum.reduce(part)), int(numpy.maximum.reduce(part)))

    def _take_floats(self, part: Any, numpy: Any) -> None:
        bits = f"u{self.itemsize}"
        if self.is_whole:
            whole = part.astype(numpy.int64)
            # By their bits, so that -0.0 is not an integer, nor is what is not a number.
            self.is_whole = bool((whole.astype(part.dtype).view(bits) == part.view(bits)).all())
            if self.is_whole:
                self._widen(int(numpy.minimum.reduce(whole)), int(numpy.maximum.reduce(whole)))
            else:
                self.low = self.high = None
        if self.is_single:
            self.is_single = bool(((part.astype(numpy.float32) == part) | (part != part)).all())  # noqa: PLR0124  # NaN
        self._compare(part)

    def _take_complex(self, part: Any, numpy: Any) -> None:
        self.is_real = self.is_real and not bool(part.imag.any())
        self._compare(part.real)

    def _compare(self, part: Any) -> None:
        """Note whether values differ from the first one that was read."""
        if self._first is None:
            self._first = part[0].item()
        if self.is_constant:
            self.is_constant = bool((part == self._first).all())

    def _take_text(self, part: Any, numpy: Any) -> None:
        units = numpy.ndarray.view(part, "u4" if self.kind == "U" else "u1").reshape(len(part), -1)
        used = numpy.flatnonzero(units.any(axis=0))
        longest = int(used[-1]) + 1 if len(used) else 0
        self.low, self.high = 0, max(longest, self.high or 0)
        self.is_constant = self.high == 0

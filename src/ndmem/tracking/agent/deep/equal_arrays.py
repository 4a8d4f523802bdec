"""Find arrays with the same contents that one stack allocated and one container, or the whole program, has at once.

Used inside the program, for ``ndmem run --deep``: imports only modules that Python's own start imports. Only loops in C
of NumPy run, on bytes of arrays of plain dtypes; what they allocate is some 2 MiB.
"""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

LEAST_NBYTES = 2**20
"""Bytes of arrays of one stack from which on they are compared."""

LEAST_COUNT = 4

_MOST_DISTINCT = 8
"""Contents that each array is compared with."""

_AT_ONCE = 2**20
_SHARE, _ADVANCE_S = 0.25, 0.5
"""Part of the program's processor time until then that comparisons take at most, and the advance."""

_MOST_STACKS = 1_000
_LARGEST_SCALAR = 2**12
"""Smaller arrays are not worth a look."""

_REFERENCES_OF_LAST = 6
"""References to a container that dies with its function: its variable's, and those of this look, on every Python."""

_Places = tuple[tuple[str, int, str], ...]
_Key = tuple[_Places, str, tuple[int, ...]]
"""Places of the stack that allocated a buffer, dtype and shape of its array.

Not the number of the stack: until Python has specialized the code, the same call may have several.
"""


class EqualArrays:
    """What was seen of equal arrays, for each stack, dtype and shape.

    Arrays are compared when nothing can change them any more: as a function returns whose variable alone has their
    container, and at the end of the program.

    Parameters
    ----------
    native : module
        The native core.
    """

    def __init__(self, native: Any) -> None:
        self._native = native
        self._numpy: Any = sys.modules["numpy"]
        self._places: dict[int, _Places] = {}
        self._found: dict[_Key, dict[str, int]] = {}
        self._differing: set[_Key] = set()
        self._began = time.process_time()
        self._spent = 0.0
        self._is_cut = False

    def meet(self, items: Any, values: Iterable[Any]) -> None:
        """Compare the arrays of a container in a variable of a function that returns, if the container ends with it."""
        if sys.getrefcount(items) <= _REFERENCES_OF_LAST:
            self.look_at(values)

    def look_at(self, arrays: Iterable[Any]) -> None:
        """Compare arrays, those of each stack, dtype and shape with one another."""
        groups: dict[_Key, list[Any]] = {}
        for array in arrays:
            key = self._find(array)
            if key is not None:
                groups.setdefault(key, []).append(array)
        for key, members in groups.items():
            if len(members) >= LEAST_COUNT and len(members) * members[0].nbytes >= LEAST_NBYTES:
                self._compare(key, members)

    def describe(self) -> list[dict[str, Any]]:
        """Return the metadata for the journal."""
        return [
            {"stack": key[0], "dtype": key[1], "shape": [*key[2]], **about}
            for key, about in self._found.items()
            if key not in self._differing
        ]

    def explain(self) -> list[str]:
        """Return a note if the time was over before all arrays had been compared."""
        cut = "Some arrays were not compared with one another: the time for it was used up."
        return [cut] if self._is_cut else []

    def _find(self, array: Any) -> _Key | None:
        """Return where an array was allocated, if it is a whole recorded buffer of a plain dtype."""
        # By `type`, which runs no code of the program.
        if type(array) is not self._numpy.ndarray or array.nbytes < _LARGEST_SCALAR:
            return None
        if array.dtype.kind in "OV" or not (array.flags.c_contiguous or array.flags.f_contiguous):
            return None
        buffer = self._native.buffer_at(array.__array_interface__["data"][0])
        if buffer is None or buffer[1] != array.nbytes:
            return None
        stack = buffer[2]
        if stack not in self._places:
            if len(self._places) == _MOST_STACKS:
                return None
            self._places[stack] = tuple(map(tuple, self._native.places_of(stack)))
        return self._places[stack], str(array.dtype), array.shape

    def _compare(self, key: _Key, members: list[Any]) -> None:
        start = time.thread_time()
        distinct: list[Any] = []
        for array in members:
            content = self._bytes_of(array)
            is_new = True
            for other in distinct:
                same = self._are_equal(content, other, start)
                if same is None:
                    self._is_cut = True
                    self._spent += time.thread_time() - start
                    return
                is_new = is_new and not same
            if is_new:
                distinct.append(content)
            if len(distinct) > _MOST_DISTINCT:
                break
        self._spent += time.thread_time() - start
        if len(distinct) * 2 > len(members):
            self._differing.add(key)
        else:
            known = self._found.get(key)
            if known is None or known["count"] - known["distinct"] < len(members) - len(distinct):
                self._found[key] = {"count": len(members), "distinct": len(distinct), "nbytes": members[0].nbytes}

    def _bytes_of(self, array: Any) -> Any:
        flat = self._numpy.ndarray.reshape(array, -1, order="A")
        return self._numpy.ndarray.view(flat, self._numpy.uint8)

    def _are_equal(self, one: Any, other: Any, start: float) -> bool | None:
        """Compare bytes, the first ones alone at first; ``None`` if the time is over."""
        step = 2**12
        at = 0
        while at < one.size:
            if self._is_late(start):
                return None
            if not bool((one[at : at + step] == other[at : at + step]).all()):
                return False
            at += step
            step = _AT_ONCE
        return True

    def _is_late(self, start: float) -> bool:
        spent = self._spent + time.thread_time() - start
        return spent > _ADVANCE_S + (time.process_time() - self._began) * _SHARE

"""Find numbers that are Python objects, in large lists and arrays of objects, for ``ndmem run --deep``.

Used inside the program: imports only modules that Python's own start imports. Types are read by ``type``, and sizes are
asked of builtin types alone: no code of the program runs.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

LEAST_COUNT = 20_000
"""Elements from which on a container is looked at."""

_AT_ONCE = 2**14

_MOST_PLACES = 1_000

_SHARED = range(-5, 257)
"""Integers that Python has once, on every version."""

_POINTER = 8

_GRAIN = 16
"""Python's allocator gives multiples of these bytes."""


class BoxedNumbers:
    """The largest container of numbers that each variable had."""

    def __init__(self) -> None:
        self._numpy: Any = sys.modules["numpy"]
        self._kinds = {int: 8, float: 8, bool: 1, self._numpy.float64: 8}
        """Types of numbers, and the bytes that each takes in an array."""
        self._first: dict[tuple[int, int], tuple[str, str, str]] = {}
        self._met: dict[tuple[str, str, str], int] = {}
        self._found: dict[tuple[str, str, str], dict[str, Any]] = {}

    def meet(self, filename: str, function: str, name: str, value: Any) -> bool:
        """Look at what a variable has, at its first, second, fourth, … meeting; tell whether it is a container."""
        kind = type(value)
        is_list = kind is list and len(value) >= LEAST_COUNT
        if not is_list and not (kind is self._numpy.ndarray and value.dtype.kind == "O" and value.size >= LEAST_COUNT):
            return False
        place = filename, function, name
        # What a function made and returned is reported where it was made. A dead list may have had the same id.
        if self._first.setdefault((id(value), len(value)), place) != place:
            return True
        met = self._met[place] = self._met.get(place, 0) + 1
        if len(self._first) <= _MOST_PLACES and met & (met - 1) == 0:
            self._read(place, value, is_list=is_list)
        return True

    def describe(self) -> list[dict[str, Any]]:
        """Return the metadata for the journal."""
        return [
            {"filename": filename, "function": function, "name": name, **about}
            for (filename, function, name), about in self._found.items()
        ]

    def _read(self, place: tuple[str, str, str], value: Any, *, is_list: bool) -> None:
        kinds: set[type] = set()
        count, nbytes = 0, 0
        for part in _parts(value) if is_list else _parts_of_array(value, self._numpy):
            kinds.update(map(type, part))
            if not kinds <= self._kinds.keys():
                self._found.pop(place, None)
                return
            count += len(part)
            nbytes += self._size(part)
        known = self._found.get(place)
        if count and (known is None or known["nbytes"] < nbytes):
            self._found[place] = {
                "container": "list" if is_list else "object array",
                "element": " and ".join(sorted(kind.__name__ for kind in kinds)),
                "count": count,
                "nbytes": nbytes + count * _POINTER,
                "array_nbytes": count * max(self._kinds[kind] for kind in kinds),
            }

    def _size(self, part: list[Any]) -> int:
        """Return the bytes of the elements; an object that is there twice counts once, and one that Python shares 0."""
        own = {
            id(item): item for item in part if type(item) is not bool and not (type(item) is int and item in _SHARED)
        }
        return sum((sys.getsizeof(item) + _GRAIN - 1) // _GRAIN * _GRAIN for item in own.values())


def _parts(items: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]


def _parts_of_array(array: Any, numpy: Any) -> Iterator[list[Any]]:
    if not (array.flags.c_contiguous or array.flags.f_contiguous):
        return
    flat = numpy.ndarray.reshape(array, -1, order="A")
    for start in range(0, flat.size, _AT_ONCE):
        yield numpy.ndarray.tolist(flat[start : start + _AT_ONCE])

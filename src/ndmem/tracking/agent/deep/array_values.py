"""Look at the values of a program's large arrays, for ``ndmem run --deep``: what do they need, by where they were made.

Used inside the program: imports only modules that Python's own start imports.
"""

from __future__ import annotations

import sys
import time

from .value_range import ValueRange, has_plain_values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LEAST_NBYTES = 2**20
"""Bytes from which on the values of an array are looked at."""

_LEAST_PART = 100
"""And from this part of the live bytes on."""

_SHARE, _SHARE_AT_END = 0.5, 0.75
"""All looks take at most this part of the program's processor time until then, beyond an advance."""

_ADVANCE_S = 0.25

_MOST_STACKS = 1_000

_REFERENCES_OF_LAST = 6
"""References to an array that dies with the function: its variable's, and those of this look, on every Python."""

_Key = tuple[int, str]
"""Stack that allocated a buffer, and dtype of its array."""


class ArrayValues:
    """The ranges of the values that were seen, for each stack and dtype.

    Parameters
    ----------
    native : module
        The native core.
    recording : Recording
        That of the process.
    """

    def __init__(self, native: Any, recording: Any) -> None:
        self._native, self._recording = native, recording
        self._numpy: Any = sys.modules["numpy"]
        self._ranges: dict[_Key, ValueRange] = {}
        self._met: dict[int, int] = {}
        self._seen: dict[_Key, tuple[int, int]] = {}
        self._began = time.process_time()
        self._spent = self._start = 0.0
        self._at_end = False
        self._cut: dict[int, int] = {}

    @property
    def least_nbytes(self) -> int:
        """Bytes from which on an array is worth a look now."""
        return max(LEAST_NBYTES, int(self._recording.live) // _LEAST_PART)

    def end(self) -> None:
        """Grant the time for a last look at all live arrays."""
        self._at_end = True

    def meet(self, value: Any) -> bool:
        """Look at what a variable of a function holds that returns, if it is an array; tell whether it is worth it.

        An array that other objects hold too will be met again: it is looked at at its first, second, fourth, … meeting.
        """
        # By `type`, which runs no code of the program.
        if type(value) is not self._numpy.ndarray or value.nbytes < self.least_nbytes:
            return False
        found = self._find(value)
        if found is None or found[2].is_settled():
            return False
        met = self._met[found[0]] = self._met.get(found[0], 0) + 1
        if sys.getrefcount(value) <= _REFERENCES_OF_LAST or met & (met - 1) == 0:
            self._read(value, *found)
        return True

    def look_at(self, array: Any) -> None:
        """Look at an array, if its values are those of a whole recorded buffer of a plain dtype."""
        if type(array) is self._numpy.ndarray and array.nbytes >= self.least_nbytes:
            found = self._find(array)
            if found is not None and not found[2].is_settled():
                self._read(array, *found)

    def _find(self, array: Any) -> tuple[int, _Key, ValueRange] | None:
        """Return the address of an array's buffer, and what is known where it was allocated."""
        if not has_plain_values(array, self._numpy):
            return None
        address = array.__array_interface__["data"][0]
        buffer = self._native.buffer_at(address)
        if buffer is None or buffer[1] != array.nbytes:  # a part of one, or memory of another allocator or a file
            return None
        key = buffer[2], str(array.dtype)
        known = self._ranges.get(key)
        if known is None:
            if len(self._ranges) == _MOST_STACKS:
                return None
            known = self._ranges[key] = ValueRange(array.dtype.kind, array.dtype.itemsize)
        return address, key, known

    def _read(self, array: Any, address: int, key: _Key, known: ValueRange) -> None:
        self._start = time.thread_time()
        if known.read(array, self._numpy, self._is_late):
            count, largest = self._seen.get(key, (0, 0))
            self._seen[key] = count + 1, max(largest, array.nbytes)
        else:
            self._cut[address] = array.nbytes
        self._spent += time.thread_time() - self._start

    def describe(self) -> list[dict[str, Any]]:
        """Return the metadata for the journal: the arrays that a narrower dtype holds."""
        found: list[dict[str, Any]] = []
        for key, (count, largest) in self._seen.items():
            stack, dtype = key
            known = self._ranges[key]
            narrower = known.narrower()
            if narrower is not None:
                is_whole = known.kind != "c" and not narrower.startswith("float")
                found.append({
                    "stack": self._native.places_of(stack),
                    "dtype": dtype,
                    "narrower": narrower,
                    "low": known.low if is_whole else None,
                    "high": known.high if is_whole else None,
                    "count": count,
                    "nbytes": largest,
                })  # fmt: skip
        return found

    def explain(self) -> list[str]:
        """Return a note if the time was over before all values had been looked at."""
        if not self._at_end and self._recording.live >= LEAST_NBYTES:
            return ["The values of the arrays that were live at the end were not examined."]
        if not self._cut:
            return []
        nbytes = sum(self._cut.values())
        size = f"{nbytes / 2**20:,.0f} MiB"
        return [
            f"The values of {len(self._cut):,} large arrays ({size}) were not examined to the end: the time for it was"
            " used up."
        ]

    def _is_late(self) -> bool:
        # Processor time, so that a busy machine changes nothing.
        spent = self._spent + time.thread_time() - self._start
        share = _SHARE_AT_END if self._at_end else _SHARE
        return spent > _ADVANCE_S + (time.process_time() - self._began - spent) * share

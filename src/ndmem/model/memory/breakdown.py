"""The parts of a process's resident memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PARTS: Final = {
    "arrays": "live arrays",
    "heap": "other heap in use",
    "freed": "heap freed, kept by malloc",
    "arrow": "Arrow's memory pool",
    "python_used": "small Python objects",
    "python_free": "free in Python's arenas",
    "libraries": "libraries",
    "mapped": "mapped files",
    "shared": "shared memory",
    "stacks": "stacks",
}
"""Attributes of a `Breakdown` that add up to its RSS, and their names in tables."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The resident memory of a process (RSS) in parts, in bytes.

    An unknown part is ``None``, and belongs to `unexplained`.

    Attributes
    ----------
    pid : int
        The process.
    rss : int
        Bytes in RAM.
    arrays : int or None
        Resident bytes of live arrays, without arrays in mapped files and shared memory, which count there.
    heap : int or None
        Other memory in use from malloc: large Python objects, memory of libraries.
    freed : int or None
        Freed memory that malloc keeps.
    arrow : int or None
        What Arrow's allocator has in use beside live arrays, where it is not malloc, assumed to be in RAM; 0 without
        Arrow.
    python_used, python_free : int or None
        Python's arenas for objects up to 512 bytes: bytes in use, and free bytes.
    libraries, mapped : int or None
        Pages of program and library files with their data, and of all other files.
    shared : int or None
        Shared memory without a file.
    stacks : int or None
        Stacks of all threads.
    untouched : int or None
        Bytes of live arrays that were never written; not in RAM, so in none of the parts.
    notes : tuple of str
        Sentences about what is unknown, and why.
    before : Breakdown or None
        The same before `trim`, if that was requested.
    """

    pid: int
    rss: int
    arrays: int | None = None
    heap: int | None = None
    freed: int | None = None
    arrow: int | None = None
    python_used: int | None = None
    python_free: int | None = None
    libraries: int | None = None
    mapped: int | None = None
    shared: int | None = None
    stacks: int | None = None
    untouched: int | None = None
    notes: tuple[str, ...] = ()
    before: Breakdown | None = None

    @property
    def parts(self) -> dict[str, int | None]:
        """The parts by name; the known ones and `unexplained` add up to `rss`."""
        return {name: getattr(self, name) for name in PARTS}

    @property
    def unexplained(self) -> int:
        """Bytes that no part explains; negative if the parts exceed `rss`."""
        return self.rss - sum(nbytes or 0 for nbytes in self.parts.values())

"""Where the resident memory of a process is: what `ndmem.breakdown` answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from .breakdown_table import as_html, as_text
from .conclusion import conclude

PARTS: Final = {
    "arrays": "live arrays",
    "heap": "other heap in use",
    "freed": "heap freed, kept by malloc",
    "python_used": "small Python objects",
    "python_free": "free in Python's arenas",
    "libraries": "libraries",
    "mapped": "mapped files",
    "shared": "shared memory",
    "stacks": "stacks",
}
"""Attributes of a `Breakdown` that add up to its RSS, and how they are called in tables."""


@dataclass(frozen=True, slots=True, repr=False)
class Breakdown:
    """The resident memory of a process (RSS) in parts, in bytes. Printing it gives a table.

    A part is ``None`` where it cannot be known; it is then in `unexplained`.

    Attributes
    ----------
    pid : int
        The process.
    rss : int
        Bytes in RAM.
    arrays : int or None
        Of live arrays, what is in RAM; those over mapped files and shared memory count there.
    heap : int or None
        What else is in use of malloc's: large Python objects, memory of libraries.
    freed : int or None
        What was freed and malloc keeps.
    python_used, python_free : int or None
        Of Python's arenas for objects up to 512 bytes: in use, and free for others.
    libraries, mapped : int or None
        Pages of files: of programs and libraries, with their data; of all others.
    shared : int or None
        Shared memory that is no file.
    stacks : int or None
        Of all threads.
    untouched : int or None
        Of live arrays, what was never written; it is not in RAM, and so in none of the parts.
    notes : tuple of str
        What is not known and why, each a sentence.
    before : Breakdown or None
        The same before malloc gave back what it kept, if that was asked for.
    """

    pid: int
    rss: int
    arrays: int | None = None
    heap: int | None = None
    freed: int | None = None
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
        """The parts by name; those that are known and `unexplained` add up to `rss`."""
        return {name: getattr(self, name) for name in PARTS}

    @property
    def unexplained(self) -> int:
        """What no part explains; below 0 if the parts are more than there is."""
        return self.rss - sum(nbytes or 0 for nbytes in self.parts.values())

    @property
    def conclusion(self) -> str:
        """What it means, in a sentence."""
        return conclude(self)

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON: bytes as integers, ``None`` for what is not known."""
        return {
            "pid": self.pid,
            "conclusion": self.conclusion,
            "rss_nbytes": self.rss,
            **{f"{name}_nbytes": nbytes for name, nbytes in self.parts.items()},
            "unexplained_nbytes": self.unexplained,
            "untouched_nbytes": self.untouched,
            "notes": list(self.notes),
            "before": self.before.to_dict() if self.before else None,
        }

    def __str__(self) -> str:
        return as_text(self)

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)

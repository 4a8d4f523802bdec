"""Objects whose memory cannot be seen: those of extensions that report neither a size nor a buffer."""

import sys
from collections.abc import Iterable, Iterator
from typing import Final

from ndmem._walk import native_base

from .mirror import mro_of
from .registry import full_name, seen_by_adapter

_MOST_TYPES: Final = 8

_WRAPPERS: Final = frozenset(
    {
        *("zlib", "_bz2", "_lzma", "_zstd"),
        *("_sqlite3", "sqlite3", "_dbm", "_gdbm", "pyexpat"),
        *("_hashlib", "_md5", "_sha1", "_sha2", "_sha256", "_sha512", "_sha3", "_blake2", "_hmac", "_ssl"),
        *("_tkinter", "_curses", "_curses_panel"),
    }
)
"""Modules of the standard library whose objects hold memory of a C library: a stream, a connection, a parser."""

_CODE: Final = ("_cython_", "pybind11_detail_", "nanobind.nb_")
"""Beginnings of the names of types that wrap functions and methods."""


def hides_memory(kind: type) -> bool:
    """Return whether objects of a type may hold memory that CPython does not know.

    A class written in Python adds only references to its base. An object that the interpreter's own code frees holds
    nothing else either.
    """
    base, is_foreign = native_base(kind)
    name = full_name(base)
    package = name.partition(".")[0]
    if package in _WRAPPERS:
        return True
    # An extension's type without a module name says that it is a builtin.
    if not is_foreign or (package in sys.stdlib_module_names and package != "builtins"):
        return False
    if package == "ndmem" or name.startswith(_CODE):
        return False
    return not any(seen_by_adapter(full_name(each)) for each in mro_of(base))


def note_unseen(found: Iterable[tuple[type, int]]) -> Iterator[str]:
    """Yield a sentence for each type of the objects that cannot be seen, with how many there are."""
    kinds = list(found)
    for kind, count in kinds[:_MOST_TYPES]:
        several = "" if count == 1 else f"{count} objects of "
        yield f"{several}{full_name(kind)}: contents not visible"
    others = kinds[_MOST_TYPES:]
    if others:
        count = sum(count for _, count in others)
        yield f"{count} objects of {len(others)} more types: contents not visible"

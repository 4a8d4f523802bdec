"""Threads in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.tables.threads import UNKNOWN_THREAD

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

MAIN = "MainThread"
"""Name of the thread in which the program began."""


def name_thread(number: int, name: str | None) -> str:
    """Return the name of a thread; its number if the name is unknown."""
    if name:
        return name
    return "(unknown thread)" if number == UNKNOWN_THREAD else f"thread {number}"


def list_threads(numbers: Collection[int], names: Mapping[int, str]) -> str:
    """Name one thread, and say how many others there are."""
    first = min(numbers)
    others = len(numbers) - 1
    more = f" and {others} other thread{'s' if others > 1 else ''}" if others else ""
    return f"{name_thread(first, names.get(first))}{more}"

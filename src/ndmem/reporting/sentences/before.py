"""The arrays that existed when recording began in a running program, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from ndmem.model.arrays_before import ArraysBefore


def describe_before(before: ArraysBefore) -> str:
    """Write what the program had before it was recorded, and what the figures count."""
    if before.note:
        return f"The figures count from the attach on. What existed before is unknown: {before.note}."
    count = f"{before.count:,} array{'' if before.count == 1 else 's'}"
    return (
        f"The figures count from the attach on: {count} of {format_nbytes(before.nbytes)} existed before. "
        f"Finding {'it' if before.count == 1 else 'them'} held the program up for {before.seconds:.2g} s."
    )

"""Measure how a statement changes the live bytes of arrays, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.api import LiveBytes, track
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures in bytes of arrays.

    Attributes
    ----------
    before : int
        Live bytes of the process before the statement.
    peak : int
        Highest live bytes of the arrays that the statement allocated.
    kept : int
        Their live bytes at the end.
    net : int
        Change of the live bytes of the process: freed older arrays count too.
    """

    before: int
    peak: int
    kept: int
    net: int

    @property
    def temporary(self) -> int:
        """Bytes of the peak that were not kept."""
        return self.peak - self.kept

    def __str__(self) -> str:
        return (
            f"peak {format_nbytes(self.peak)}, kept {format_nbytes(self.kept)},"
            f" temporary {format_nbytes(self.temporary)}, net {format_nbytes(self.net)}"
        )


def measure(act: Callable[[], object]) -> Measured:
    """Call a function and measure its arrays. The function's result is dropped before the live bytes are read."""
    with LiveBytes() as live:
        before = live.nbytes
        with track() as run:
            act()
            net = live.nbytes - before
        return Measured(before, run.peak, run.live, net)

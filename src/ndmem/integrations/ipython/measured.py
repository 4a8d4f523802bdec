"""What a statement did to the live bytes of arrays, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.api import track
from ndmem.budgets.live_bytes import LiveBytes
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures in bytes of arrays.

    Attributes
    ----------
    before : int
        Live bytes of the process before.
    peak : int
        Highest live bytes of what was made meanwhile.
    kept : int
        What of it was alive at the end.
    net : int
        Change of the live bytes of the process: what was freed from before counts too.
    """

    before: int
    peak: int
    kept: int
    net: int

    @property
    def temporary(self) -> int:
        """What was needed beyond what was kept."""
        return self.peak - self.kept

    def __str__(self) -> str:
        return (
            f"peak {format_nbytes(self.peak)}, kept {format_nbytes(self.kept)},"
            f" temporary {format_nbytes(self.temporary)}, net {format_nbytes(self.net)}"
        )


def measure(act: Callable[[], object]) -> Measured:
    """Call a function and say what it did to the live bytes of arrays; its result is dropped first."""
    with LiveBytes() as live:
        before = live.nbytes
        with track() as run:
            act()
            net = live.nbytes - before
        return Measured(before, run.peak, run.live, net)

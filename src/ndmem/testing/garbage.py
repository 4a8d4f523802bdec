"""Free arrays in reference cycles before what a piece of code keeps is read, for they would count as kept."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .recording import CodeRecording


class YoungGarbage:
    """Garbage of a piece of code that begins now.

    A full collection takes 60 ms where pandas and SciPy are imported, which is longer than most tests. So the youngest
    generation is collected first, and an older one only while arrays are alive; the oldest only if the collector has
    moved objects of the code there meanwhile. At the start the youngest is collected too, so that the collector's own
    collections come at the same moments in each run.
    """

    def __init__(self) -> None:
        gc.collect(0)
        self._moves = _count_moves()

    def free(self, recording: CodeRecording) -> None:
        """Free the cycles of the code that ran since the start; nothing if no array of the run is alive."""
        moved = _count_moves() != self._moves
        for generation in (0, 1, 2) if moved else (0, 1):
            if not recording.live:
                return
            gc.collect(generation)


def _count_moves() -> int:
    """Return how often objects were moved to the oldest generation."""
    return sum(generation["collections"] for generation in gc.get_stats()[1:])

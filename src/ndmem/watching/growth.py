"""Growth of live bytes over the last minute, from a few samples."""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_WINDOW_S = 60.0
_SPACING_S = 5.0
_SHORTEST_S = 10.0
_SAMPLES = 16
"""More than the window has at this spacing: the oldest sample is older than the window."""


class GrowthWindow:
    """A few samples of live bytes, taken when they are read.

    Any number of readers may ask at any interval: samples closer together than 5 s are not kept.

    Parameters
    ----------
    clock : callable
        Seconds of a monotonic clock.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._samples: deque[tuple[float, int]] = deque(maxlen=_SAMPLES)

    def add(self, nbytes: int) -> float | None:
        """Return the bytes per second by which live bytes grew in the last minute, or since the first sample.

        Parameters
        ----------
        nbytes : int
            Live bytes now.

        Returns
        -------
        float or None
            Below 0 if they shrank; ``None`` until the first sample is 10 s old.
        """
        now = self._clock()
        samples = list(self._samples)  # another thread may add one meanwhile
        if not samples or now - samples[-1][0] >= _SPACING_S:
            self._samples.append((now, nbytes))
        old = [sample for sample in samples if now - sample[0] >= _WINDOW_S]
        first = old[-1] if old else samples[0] if samples else (now, nbytes)
        return None if now - first[0] < _SHORTEST_S else (nbytes - first[1]) / (now - first[0])

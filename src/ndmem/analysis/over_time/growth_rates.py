"""Growth of each line of a running program, in bytes per second."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from ndmem.analysis.moment import Moment
from ndmem.analysis.tables.lines import line_table

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex

    _Lines = dict[tuple[str, int], int]

_WINDOW_S = 20.0
_SAMPLES = 40
"""Most samples of a window: one each half second."""


class GrowthRates:
    """How fast the lowest live bytes of each line rise.

    A window of the last 20 seconds is divided in two halves; the growth of a line is the difference of its lowest live
    bytes in the halves, for each second between them. So memory that is freed and allocated again does not count.
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[float, _Lines]] = deque(maxlen=2 * _SAMPLES)

    def add(self, index: TraceIndex) -> dict[tuple[str, int], float]:
        """Add the present state of the program, and return the growth of each line that has arrays.

        Returns
        -------
        dict of (str, int) to float
            Bytes per second by file and line; empty until there are four samples.
        """
        now = index.trace.run.duration_s
        lines = line_table(index, moment=Moment.END)
        present = {(line.filename, line.lineno): line.own_nbytes for line in lines if line.own_nbytes}
        if self._samples and now - self._samples[-1][0] < _WINDOW_S / _SAMPLES * 0.9:
            self._samples.pop()  # more often adds nothing, and the last one must be the present
        self._samples.append((now, present))
        while now - self._samples[0][0] > _WINDOW_S:
            self._samples.popleft()
        if len(self._samples) < 4:
            return {}
        samples = [*self._samples]
        middle = len(samples) // 2
        older, newer = samples[:middle], samples[middle:]
        between_s = _mean_time(newer) - _mean_time(older)
        if between_s <= 0:
            return {}
        return {line: (_lowest(newer, line) - _lowest(older, line)) / between_s for line in present}


def _mean_time(samples: list[tuple[float, dict[tuple[str, int], int]]]) -> float:
    return sum(time for time, _ in samples) / len(samples)


def _lowest(samples: list[tuple[float, dict[tuple[str, int], int]]], line: tuple[str, int]) -> int:
    return min(lines.get(line, 0) for _, lines in samples)

"""Sample the resident memory of a running process from another process, over time."""

import time
from typing import Any

from ndmem.platform.resident.other_process import OtherProcess

_FIRST_INTERVAL_S = 0.02
_MOST_SAMPLES = 1000


class ResidentSamples:
    """Samples of one process's resident memory, at most 1,000 of them whatever the run's length.

    A sample costs 10 µs, at most 50 times a second. At the maximum number each pair of samples becomes its larger one
    and the interval doubles, so that the highest sample is kept.

    Parameters
    ----------
    pid : int
        The process; one that cannot be read has no samples.

    Attributes
    ----------
    interval_s : float
        Seconds between two samples.
    mapped_nbytes : int
        The most that was in RAM of mapped files, libraries included, and of shared memory.
    """

    def __init__(self, pid: int) -> None:
        self.interval_s = _FIRST_INTERVAL_S
        self._samples: list[tuple[int, int]] = []
        self._sampled_ns = 0
        self.mapped_nbytes = 0
        self._process = OtherProcess(pid)

    def take(self) -> None:
        """Take a sample if an interval has passed since the last one."""
        now = time.time_ns()
        if now - self._sampled_ns < self.interval_s * 0.9e9:  # a timer may come a little early
            return
        self._sampled_ns = now
        found = self._process.read()
        if found is not None:
            self._samples.append((now, found.nbytes))
            self.mapped_nbytes = max(self.mapped_nbytes, found.mapped_nbytes)
        if len(self._samples) >= _MOST_SAMPLES:
            pairs = zip(self._samples[::2], self._samples[1::2], strict=True)
            self._samples = [max(pair, key=lambda sample: sample[1]) for pair in pairs]
            self.interval_s *= 2

    @property
    def highest_nbytes(self) -> int:
        """The highest sample; 0 if there is none."""
        return max((nbytes for _, nbytes in self._samples), default=0)

    def close(self) -> None:
        """Take no more samples."""
        self._process.close()

    def describe(self, started_ns: int, until_ns: int | None = None) -> dict[str, Any]:
        """Return the samples as a journal's meta record has them.

        Parameters
        ----------
        started_ns : int
            When the recording began, in nanoseconds since the epoch.
        until_ns : int, optional
            When the program had ended: a later sample has memory of ndmem's own search in it, which names what
            objects hold, and may be above the peak.
        """
        samples = [each for each in self._samples if until_ns is None or each[0] <= until_ns]
        return {
            "time_ns": [max(at - started_ns, 0) for at, _ in samples],
            "nbytes": [nbytes for _, nbytes in samples],
        }

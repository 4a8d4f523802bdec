"""Sample the resident memory of a running process from another process, over time."""

import contextlib
import os
import time
from typing import Any

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
        self._page = os.sysconf("SC_PAGE_SIZE")
        try:
            # Read directly: psutil gives the same value, and its import would add 15 ms to every start.
            self._file = os.open(f"/proc/{pid}/statm", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._file = -1

    def take(self) -> None:
        """Take a sample if an interval has passed since the last one."""
        now = time.time_ns()
        if self._file < 0 or now - self._sampled_ns < self.interval_s * 0.9e9:  # a timer may come a little early
            return
        self._sampled_ns = now
        with contextlib.suppress(OSError, IndexError, ValueError):  # the process is about to end
            pages = os.pread(self._file, 100, 0).split()
            nbytes = int(pages[1]) * self._page
            if nbytes:
                self._samples.append((now, nbytes))
                self.mapped_nbytes = max(self.mapped_nbytes, int(pages[2]) * self._page)
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
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

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

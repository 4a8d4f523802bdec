"""Sample the resident memory of a program and its children from another process."""

import time
from typing import Any

from ndmem.platform.resident.proportional import Shares, add_shares, list_processes, read_shares

_SHORTEST_INTERVAL_NS = 20_000_000
# A sample of four processes takes 1 to 10 ms. All samples together take at most a hundredth of a core, however large
# the processes are, plus an advance that shows a program of one second in some detail.
_SHARE_OF_TIME = 100
_ADVANCE_NS = 50_000_000


class GroupSamples:
    """The highest sample of the resident memory of a program with its children.

    Parameters
    ----------
    pid : int
        The program.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._samples = 0
        self._began_ns = time.monotonic_ns()
        self._sampled_ns = self._spent_ns = 0
        self._highest: tuple[Shares, int, int] | None = None

    def take(self) -> None:
        """Take a sample if an interval has passed since the last one, and the share of time is not used up."""
        now, began = time.monotonic_ns(), time.thread_time_ns()
        allowed_ns = _ADVANCE_NS + (now - self._began_ns) // _SHARE_OF_TIME
        if now - self._sampled_ns < _SHORTEST_INTERVAL_NS * 0.9 or self._spent_ns > allowed_ns:
            return  # a timer may come a little early
        self._sampled_ns = now
        processes = list_processes(self._pid)
        # For a program without children `ResidentSamples` has the same, at a hundredth of the cost.
        if len(processes) > 1:
            self._sample(processes)
        self._spent_ns += time.thread_time_ns() - began

    def _sample(self, processes: list[int]) -> None:
        found = [shares for shares in map(read_shares, processes) if shares is not None]
        if len(found) < 2:  # the others have ended, or access to them is denied
            return
        self._samples += 1
        shares = add_shares(found)
        if self._highest is None or shares.pss > self._highest[0].pss:
            self._highest = shares, len(found), time.time_ns()

    def describe(self, started_ns: int) -> dict[str, Any] | None:
        """Return the highest sample as a journal's meta record has it; ``None`` if there was none.

        Parameters
        ----------
        started_ns : int
            When the recording began, in nanoseconds since the epoch.
        """
        if self._highest is None:
            return None
        shares, processes, at_ns = self._highest
        return {
            "nbytes": shares.pss,
            "separate_nbytes": shares.rss,
            "shared_memory_nbytes": shares.shared_memory,
            "files_nbytes": shares.files,
            "processes": processes,
            "time_ns": max(at_ns - started_ns, 0),
            "looks": self._samples,
        }

"""Resident memory of a program and its children, looked at from outside now and then."""

from __future__ import annotations

import time
from typing import Any

from ndmem.process.proportional import Shares, add_shares, list_processes, read_shares

_SHORTEST_INTERVAL_NS = 20_000_000
# A look at four processes takes 1 to 10 ms. All looks together take a hundredth of a core at most, however large the
# processes are, and as much in advance as shows a program of a second in some detail.
_SHARE_OF_TIME = 100
_ADVANCE_NS = 50_000_000


class TogetherSamples:
    """The look that found most resident memory in a program and its children, while it had any.

    Parameters
    ----------
    pid : int
        The program.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._looks = 0
        self._began_ns = time.monotonic_ns()
        self._looked_ns = self._spent_ns = 0
        self._most: tuple[Shares, int, int] | None = None

    def take(self) -> None:
        """Look, if the last look is an interval ago and looks have not taken too much by now."""
        now, began = time.monotonic_ns(), time.thread_time_ns()
        allowed_ns = _ADVANCE_NS + (now - self._began_ns) // _SHARE_OF_TIME
        if now - self._looked_ns < _SHORTEST_INTERVAL_NS * 0.9 or self._spent_ns > allowed_ns:
            return  # a timer may come a little early
        self._looked_ns = now
        processes = list_processes(self._pid)
        # Of a program alone `ResidentSamples` says the same, for a hundredth of the price.
        if len(processes) > 1:
            self._look(processes)
        self._spent_ns += time.thread_time_ns() - began

    def _look(self, processes: list[int]) -> None:
        found = [shares for shares in map(read_shares, processes) if shares is not None]
        if len(found) < 2:  # they have ended, or may not be looked at
            return
        self._looks += 1
        shares = add_shares(found)
        if self._most is None or shares.pss > self._most[0].pss:
            self._most = shares, len(found), time.time_ns()

    def describe(self, started_ns: int) -> dict[str, Any] | None:
        """Return the look that found most as a journal's meta record has it; ``None`` if there was none.

        Parameters
        ----------
        started_ns : int
            When the recording began, in nanoseconds since the epoch.
        """
        if self._most is None:
            return None
        shares, processes, at_ns = self._most
        return {
            "nbytes": shares.pss,
            "separate_nbytes": shares.rss,
            "shared_memory_nbytes": shares.shared_memory,
            "files_nbytes": shares.files,
            "processes": processes,
            "time_ns": max(at_ns - started_ns, 0),
            "looks": self._looks,
        }

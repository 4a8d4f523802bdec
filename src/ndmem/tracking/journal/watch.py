"""Looks at a tracked program again and again from another process, until it has ended and beyond."""

from __future__ import annotations

import dataclasses
import struct
import time
from typing import TYPE_CHECKING

import psutil

from ndmem.errors import TraceError
from ndmem.model.codec import read_trace
from ndmem.model.ending import Ending
from ndmem.model.history import History
from ndmem.model.live_frame import LiveFrame

from .assemble import assemble
from .ending import find_ending
from .follow import Follower
from .journal import is_journal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ndmem.model.trace import Trace

    from .journal import Journal

# The launcher waits for the program and then writes the trace: about 0.2 µs an event.
_LAUNCHER_WRITES_S = 10.0


class Watch:
    """A program and its file, looked at as often as one likes.

    Parameters
    ----------
    path : Path
        The journal that the program writes, or what became of it.

    Attributes
    ----------
    is_over : bool
        Whether the last look has seen the program ended: nothing will change any more.

    Raises
    ------
    TraceError
        If the file is neither a journal nor a trace.
    OSError
        If it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path, self.is_over = path, False
        self._trace: Trace | None = None
        self._follower: Follower | None = None
        self._sources: Mapping[str, str] = {}
        self._ended_at: float | None = None
        if is_journal(path):
            try:
                self._follower = Follower(path)
            except TraceError as error:
                raise TraceError(f"{path.name}: {error}") from None
        else:
            self._trace = read_trace(path)

    def close(self) -> None:
        """Close the file."""
        if self._follower is not None:
            self._follower.close()

    def look(self, *, columns: int) -> LiveFrame:
        """Look at the program now.

        Parameters
        ----------
        columns : int
            Figures in the frame's history.

        Raises
        ------
        TraceError
            If the file is damaged.
        OSError
            If it cannot be read any more.
        """
        if self._follower is not None and self._trace is None:
            frame = self._follow(self._follower, columns)
            if self._trace is None:
                return frame
        assert self._trace is not None
        self.is_over = True
        history = History()
        history.add(self._trace.events.time_ns, self._trace.events.live)
        end_ns = int(self._trace.run.duration_s * 1e9)
        return LiveFrame(self._trace, history.highest(end_ns, points=columns), None)

    def _follow(self, follower: Follower, columns: int) -> LiveFrame:
        """Read what is new in the journal; where a trace has taken its place, read that."""
        try:
            journal = follower.read()
            ending = find_ending(journal, self._path)
            if ending is not Ending.RUNNING and follower.is_replaced() and self._path.exists():
                self._trace = read_trace(self._path)
            journal.meta["ending"] = ending
            # A running program's source was read at the first look: it may change, the program does not.
            journal.meta["sources"] = {**self._sources, **journal.meta.get("sources", {})}
            trace = assemble(journal)
        except TraceError:
            raise
        except (ValueError, KeyError, TypeError, IndexError, OverflowError, AttributeError, struct.error) as error:
            raise TraceError(f"{self._path.name} is damaged: {error}") from error
        self._sources = trace.sources
        if ending is Ending.RUNNING:
            run = dataclasses.replace(trace.run, duration_s=max(time.time() - trace.run.started, 0.0))
            trace = dataclasses.replace(trace, run=run)
        self.is_over = ending is not Ending.RUNNING and not self._launcher_is_at_work(journal, ending)
        history = follower.history.highest(int(trace.run.duration_s * 1e9), points=columns)
        return LiveFrame(trace, history, _resident(trace.run.pid) if ending is Ending.RUNNING else None)

    def _launcher_is_at_work(self, journal: Journal, ending: Ending) -> bool:
        """Tell whether the launcher may still say how the program ended."""
        if "exit_status" in journal.meta or ending is Ending.UNKNOWN:
            return False
        self._ended_at = self._ended_at or time.monotonic()
        waited = time.monotonic() - self._ended_at
        return waited < _LAUNCHER_WRITES_S and psutil.pid_exists(int(journal.header["parent"]))


def _resident(pid: int) -> int | None:
    """Return the resident bytes of a process; ``None`` where they are not known."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None

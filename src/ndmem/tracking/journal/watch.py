"""Watch a tracked program from another process: read its state again and again, also after it has ended."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from ndmem.errors import TraceError
from ndmem.model.ending import Ending
from ndmem.model.history import History
from ndmem.model.live_frame import LiveFrame
from ndmem.model.moments import MomentHistory
from ndmem.model.trace_file.reading import read_trace
from ndmem.tracking.journal.file.blocks import DAMAGE
from ndmem.tracking.journal.file.reader import is_journal
from ndmem.tracking.partial import find_record, named_by

from .assemble import assemble
from .ending import find_ending
from .follow import Follower

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ndmem.model.columns import Int64s
    from ndmem.model.moments import LiveMoment
    from ndmem.model.trace import Trace
    from ndmem.tracking.journal.file.records import Journal

# The launcher waits for the program and then writes the trace: about 0.2 µs an event.
_LAUNCHER_WRITES_S = 10.0


class Watch:
    """A program and its file, which can be read repeatedly.

    Parameters
    ----------
    path : Path
        The journal that the program writes, or the trace that replaced it.
    by_stack : bool
        Give each frame the live bytes by call stack over time.

    Attributes
    ----------
    is_over : bool
        Whether the program had ended at the last `look`: nothing will change any more.

    Raises
    ------
    TraceError
        If the file is neither a journal nor a trace.
    OSError
        If it cannot be read.
    """

    def __init__(self, path: Path, *, by_stack: bool = False) -> None:
        self._path, self.is_over = Path(named_by(str(path))), False
        self._moments = MomentHistory() if by_stack else None
        record = Path(find_record(str(self._path)))
        self._trace: Trace | None = None
        self._follower: Follower | None = None
        self._sources: Mapping[str, str] = {}
        self._ended_at: float | None = None
        if record.is_file() and is_journal(record):
            try:
                self._follower = Follower(record, self._moments)
            except TraceError as error:
                raise TraceError(f"{record.name}: {error}") from None
        else:
            self._trace = read_trace(record)

    def close(self) -> None:
        """Close the file."""
        if self._follower is not None:
            self._follower.close()

    def look(self, *, columns: int) -> LiveFrame:
        """Return the present state of the program.

        Parameters
        ----------
        columns : int
            Number of figures in the frame's history.

        Raises
        ------
        TraceError
            If the file is damaged.
        OSError
            If the file can no longer be read.
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
        """Read what is new in the journal, or the trace that has replaced it."""
        try:
            journal = follower.read()
            ending = find_ending(journal, follower.path)
            if ending is not Ending.RUNNING and follower.is_replaced() and self._path.exists():
                # A long journal is not rewritten as a trace, only renamed.
                self._trace = None if is_journal(self._path) else read_trace(self._path)
            journal.meta["ending"] = ending
            # Sources are read once: the file may change while the program runs, the program does not.
            journal.meta["sources"] = {**self._sources, **journal.meta.get("sources", {})}
            trace = _with_times(assemble(journal), follower.born_ns)
        except TraceError:
            raise
        except DAMAGE as error:
            raise TraceError(f"{self._path.name} is damaged: {error}") from error
        self._sources = trace.sources
        if ending is Ending.RUNNING:
            run = dataclasses.replace(trace.run, duration_s=max(time.time() - trace.run.started, 0.0))
            trace = dataclasses.replace(trace, run=run)
        self.is_over = ending is not Ending.RUNNING and not self._launcher_is_working(journal, ending)
        history = follower.history.highest(int(trace.run.duration_s * 1e9), points=columns)
        resident = _resident(trace.run.pid) if ending is Ending.RUNNING else None
        return LiveFrame(trace, history, resident, self._list_moments(first=len(journal.nodes) - len(trace.tree)))

    def _list_moments(self, *, first: int) -> tuple[LiveMoment, ...]:
        """Return the moments so far, with the nodes of the trace, whose first one has another number in the journal."""
        if self._moments is None:
            return ()
        return tuple(dataclasses.replace(moment, node=moment.node - first) for moment in self._moments.moments())

    def _launcher_is_working(self, journal: Journal, ending: Ending) -> bool:
        """Return whether the launcher may still record how the program ended."""
        if {"exit_status", "attached"} & journal.meta.keys() or ending is Ending.UNKNOWN:
            return False
        self._ended_at = self._ended_at or time.monotonic()
        waited = time.monotonic() - self._ended_at
        return waited < _LAUNCHER_WRITES_S and psutil.pid_exists(int(journal.header["parent"]))


def _with_times(trace: Trace, born_ns: Int64s) -> Trace:
    """Return a trace of the live buffers in which their events have the times of the births."""
    events = dataclasses.replace(trace.events, time_ns=born_ns[: len(trace.events)])
    return dataclasses.replace(trace, events=events)


def _resident(pid: int) -> int | None:
    """Return the resident bytes of a process; ``None`` where they are unknown."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None

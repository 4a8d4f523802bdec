"""Record the arrays of a process of workers, and send what is recorded, in a fixed amount of memory.

One process has one recording, however many workers it has: a `LocalCluster` of threads has all of its workers in one.
The first of them sends the messages. Everything here runs in the thread of their event loop.
"""

from __future__ import annotations

import os
import time
import uuid
from typing import TYPE_CHECKING, Any

import psutil
from distributed.core import Status
from tornado.ioloop import PeriodicCallback

from ndmem.errors import TrackingError
from ndmem.platform.breakdown.heap import heap_figures
from ndmem.tracking.agent.run_metadata import find_resident_peak
from ndmem.tracking.journal.counters import read_counters
from ndmem.tracking.recorder import Recorder, untracked

from .message import RETIRED, STOPPED, TOPIC, Message
from .table import summarise
from .task_frames import TaskFrames

if TYPE_CHECKING:
    from distributed import Worker

    from ndmem.model.trace import Trace

_ROOM = 2**22
"""Bytes that events may take at a worker; only the counters of the call tree are sent."""

_SAMPLES = 5
"""Samples for each message."""

_TABLE_PART = 0.02
"""Part of the time that making tables may take: programs with many call stacks send them less often."""

_HEAP_STEP = 1.02
"""malloc is asked for its free blocks when resident memory exceeds its highest by this factor: it may take 50 ms."""

_CLOSING = {Status.closing, Status.closing_gracefully, Status.closed, Status.failed}

_present: list[Recording] = []
_last: dict[str, dict[str, Any]] = {}
"""The last message of the latest recording, by its track: it may be on its way when the client asks for it."""


def join(worker: Worker, track: str, *, interval_s: float) -> None:
    """Track the process of a worker; the same recording for all of its workers.

    Raises
    ------
    TrackingError
        If tracking cannot work here, or the process is tracked for another block.
    """
    if _present and _present[0].track != track:
        raise TrackingError("its process is tracked for another client")
    if not _present:
        _present.append(Recording(track, interval_s=interval_s))
    _present[0].join(worker)


def leave(worker: Worker, track: str) -> None:
    """Stop to track a worker; harmless if it is not tracked."""
    if _present and _present[0].track == track and _present[0].leave(worker):
        _last.clear()
        _last[track] = _present.pop().last


def last_message(track: str) -> dict[str, Any] | None:
    """Return the last message of this process, for a client that has ended its track."""
    return _last.get(track)


class Recording:
    """Recording of this process.

    Parameters
    ----------
    track : str
        The `track` block that it is for.
    interval_s : float
        Seconds between two messages.

    Attributes
    ----------
    last : dict
        The last message that was sent.
    """

    def __init__(self, track: str, *, interval_s: float) -> None:
        self.track, self.last = track, dict[str, Any]()
        self._id, self._sequence = uuid.uuid4().hex, 0
        self._workers: list[Worker] = []
        self._known: dict[str, list[Any]] = {}
        self._tasks = TaskFrames()
        self._timer = PeriodicCallback(self._tick, 1000 * interval_s / _SAMPLES)
        self._samples: list[list[int]] = []
        self._peak = self._stored_at_peak = 0
        self._resident: dict[str, int | None] = {}
        self._sent: tuple[int, int, int] | None = None
        self._next_table = 0.0
        with untracked():
            self._process = psutil.Process()
            self._base, self._high_water = self._process.memory_info().rss, find_resident_peak()
        self._recorder = Recorder(room=_ROOM, objects=False)
        self._recorder.start()
        self._started_at, self._clock_at = time.time(), time.monotonic()
        self._tasks.begin()

    def join(self, worker: Worker) -> None:
        """Add a worker of this process."""
        self._workers.append(worker)
        # A worker that has left stays in the list: what its tasks allocated is among the figures.
        self._known[worker.address] = [str(worker.name), worker.address, worker.state.nthreads]
        if not self._timer.is_running():
            self._timer.start()

    def leave(self, worker: Worker) -> bool:
        """Remove a worker; after the last one, stop and return true."""
        if worker not in self._workers:
            return False
        if len(self._workers) > 1:
            self._workers.remove(worker)
            return False
        self._timer.stop()
        self._tasks.end()
        with untracked():
            try:
                self._sample()
            finally:
                self._recorder.stop(finds_holders=False)
            self._send(final=RETIRED if worker.status in _CLOSING else STOPPED)
        return True

    def _tick(self) -> None:
        """Take a sample, and send a message after some; a failure ends the timer and not the worker's work."""
        with untracked():
            try:
                self._sample()
                if len(self._samples) >= _SAMPLES:
                    self._send()
            except Exception:
                self._timer.stop()
                raise  # to the log of the worker

    def _sample(self) -> None:
        """Read live, resident and stored bytes, and remember what was highest."""
        live, highest = self._recorder.take_window()
        rss, stored = int(self._process.memory_info().rss), min(self._sum_stored(), live)
        if highest > self._peak:
            self._peak, self._stored_at_peak = highest, min(self._sum_stored(), highest)
        if rss > _HEAP_STEP * (self._resident.get("nbytes") or 0):
            heap = heap_figures()
            self._resident = {
                "nbytes": rss,
                "base_nbytes": self._base,
                "array_nbytes": live,
                "stored_nbytes": stored,
                "freed_nbytes": None if heap is None else heap.free,
            }
        elapsed_ms = int(1000 * (time.monotonic() - self._clock_at))
        self._samples.append([elapsed_ms, highest, live, rss, stored])

    def _sum_stored(self) -> int:
        """Return the bytes of the results that are in memory, as Dask measures them."""
        stored = 0
        for worker in self._workers:
            spilled, _ = getattr(worker.data, "spilled_total", (0, 0))
            stored += max(int(worker.state.nbytes) - int(spilled), 0)
        return stored

    def _send(self, *, final: str | None = None) -> None:
        """Send what was sampled, and the stacks if they have changed."""
        trace = self._read_changes(final=final is not None)
        self._sequence += 1
        message = Message(
            track=self.track,
            process=self._id,
            sequence=self._sequence,
            final=final,
            about={**self._describe(), **({} if trace is None else _describe_trace(trace, self._tasks.counts))},
            samples=self._samples,
            table=None if trace is None else summarise(trace).encode(),
        )
        self._samples = []
        self.last = message.encode()
        self._workers[0].log_event(TOPIC, self.last)

    def _read_changes(self, *, final: bool) -> Trace | None:
        """Return the counters if they have changed since they were sent, and if there is time to read them."""
        state = self._recorder.events, self._recorder.live, self._recorder.peak
        began = time.monotonic()
        if not final and (state == self._sent or began < self._next_table):
            return None
        trace = read_counters(self._recorder.read_parts())
        self._sent = state
        self._next_table = began + (time.monotonic() - began) / _TABLE_PART
        return trace

    def _describe(self) -> dict[str, Any]:
        return {
            "workers": [*self._known.values()],
            "pid": os.getpid(),
            # By the scheduler's clock.
            "started": self._started_at + float(getattr(self._workers[0], "scheduler_delay", 0.0)),
            "elapsed_s": time.monotonic() - self._clock_at,
            "peak": self._recorder.peak,
            "live": self._recorder.live,
            "stored_at_peak": self._stored_at_peak,
            "resident": self._resident,
            "rss_peak": self._find_rss_peak(),
        }

    def _find_rss_peak(self) -> int | None:
        """Return the kernel's high-water mark, ``None`` if the process had reached it before tracking began."""
        highest = find_resident_peak()
        return None if highest is None or highest == self._high_water else highest


def _describe_trace(trace: Trace, tasks: dict[str, int]) -> dict[str, Any]:
    run = trace.run
    return {
        "python": run.python,
        "numpy": run.numpy,
        "threshold": run.threshold,
        "library_roots": run.library_roots,
        "notes": run.notes,
        "tasks": dict(tasks),
    }

"""The one reader of a program's journal, whose states all watchers share."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Samples
from ndmem.model.ending import Ending
from ndmem.reporting.html.live_state import LiveStates, describe_range
from ndmem.tracking.journal.live_children import read_live_children
from ndmem.tracking.journal.watch import Watch
from ndmem.tracking.launcher.rss_samples import ResidentSamples
from ndmem.tracking.partial import SETTINGS_MAGIC, find_record

if TYPE_CHECKING:
    from pathlib import Path

    from ndmem.model.live_frame import LiveFrame
    from ndmem.model.trace import Trace

    from .feed import Feed
    from .messages import State

_WATCHED_S, _ALONE_S = 0.5, 2.0
"""Seconds between two states while pages are open, and while none is."""
_SAMPLED_S = 0.1
"""Least time between two samples of the resident memory."""
_MOST_WORK = 0.05
"""Most of the time that is spent reading: of a large program states come less often."""


class Reader:
    """Reads a program's journal again and again, in a thread of its own, and publishes each state.

    Parameters
    ----------
    path : Path
        The file of the run.
    feed : Feed
        Gets the states.

    Attributes
    ----------
    error : Exception or None
        What ended the reading before the program ended.
    is_over : bool
        Whether the program has ended, or the reading has.
    """

    def __init__(self, path: Path, feed: Feed) -> None:
        self._path, self._feed = path, feed
        self._states = LiveStates()
        self._samples: ResidentSamples | None = None
        self._trace: Trace | None = None
        self._last: State | None = None
        self._stop = threading.Event()
        self.error: Exception | None = None
        self.is_over = False
        self._thread = threading.Thread(target=self._run, name="ndmem reader", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Read no more."""
        self._stop.set()
        self._thread.join()

    def wait(self, seconds: float) -> bool:
        """Wait until the program has ended, at most this long."""
        self._thread.join(seconds)
        return self.is_over

    def pause(self, seconds: float) -> None:
        """Sleep; Ctrl-C ends it."""
        self._stop.wait(seconds)

    def ask_range(self, start_s: float, end_s: float) -> State | None:
        """Return what was allocated in a range and is alive now; ``None`` if nothing is recorded yet."""
        trace = self._trace
        return None if trace is None else describe_range(trace, start_s=start_s, end_s=end_s)

    def _run(self) -> None:
        try:
            if self._wait_for_journal():
                with contextlib.closing(Watch(self._path, by_stack=True)) as watch:
                    self._read(watch)
        except Exception as error:  # in this thread it would be a traceback beside the program's output
            self.error = error
            if self._last is not None:
                cause = str(error) or "not enough memory"
                about = f"these are the last figures, the program can no longer be followed: {cause}"
                self._feed.publish({**self._last, "about": about})
        finally:
            if self._samples is not None:
                self._samples.close()
            self.is_over = True

    def _wait_for_journal(self) -> bool:
        """Wait until the program has read what it is to record; false if the reading is stopped before."""
        while not self._stop.is_set():
            with open(find_record(str(self._path)), "rb") as file:  # noqa: PTH123  # find_record returns a text
                if file.read(len(SETTINGS_MAGIC)) != SETTINGS_MAGIC:
                    return True
            self._stop.wait(_WATCHED_S)
        return False

    def _read(self, watch: Watch) -> None:
        while not self._stop.is_set():
            began = time.thread_time()
            frame = watch.look(columns=1)
            if watch.is_over:
                return
            self._publish(frame)
            interval = _WATCHED_S if self._feed.watchers else _ALONE_S
            self._pause(max(interval, (time.thread_time() - began) / _MOST_WORK))

    def _pause(self, seconds: float) -> None:
        """Wait until the next state is due, and sample the resident memory meanwhile."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self._samples is not None:
            if self._stop.wait(min(left, max(self._samples.interval_s, _SAMPLED_S))):
                return
            self._samples.take()

    def _publish(self, frame: LiveFrame) -> None:
        self._trace = frame.trace
        if frame.trace.run.ending is Ending.RUNNING:
            self._last = self._states.describe(frame, self._sample(frame.trace), read_live_children(self._path))
            self._feed.publish(self._last)

    def _sample(self, trace: Trace) -> Samples:
        """Sample the resident memory of the program, and return all samples."""
        if self._samples is None:
            self._samples = ResidentSamples(trace.run.pid)
        self._samples.take()
        found = self._samples.describe(int(trace.run.started * 1e9))
        return Samples(np.array(found["time_ns"], np.int64), np.array(found["nbytes"], np.int64))

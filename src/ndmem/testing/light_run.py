"""LightRun: a recording of a short piece of code among thousands, such as one test of a suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.results.tracked_run import TrackedRun, recorder_of
from ndmem.tracking.recorder import Recorder

if TYPE_CHECKING:
    from ndmem.model.suite.figures import PeakArray, PeakLine

    from .peak_parts import PeakReader


class LightRun(TrackedRun):
    """Tracked run that starts, stops and is read in half a millisecond instead of twenty.

    Its figures are those of `TrackedRun`. It has no native memory and no figures of the machine, and names only arrays
    that local and global variables held at a peak.
    """

    def start(self) -> LightRun:
        """Track from now on, and discard an earlier recording."""
        recorder = Recorder(objects=False)
        recorder.start()
        self._recorder = recorder
        return self

    def stop(self, *, objects: bool = False) -> LightRun:
        """Stop tracking; the recording stays. ``objects`` is as for `TrackedRun.stop`."""
        if objects:
            super().stop(objects=True)
        elif self._recorder is not None:
            self._recorder.stop(finds_holders=False)
        return self


def read_peak(run: TrackedRun, reader: PeakReader) -> tuple[tuple[PeakLine, ...], tuple[PeakArray, ...]]:
    """Return the lines and the arrays at the peak of a finished run, without making a Trace of it."""
    recorder = recorder_of(run)
    return ((), ()) if recorder is None else reader.read(recorder.read_parts())

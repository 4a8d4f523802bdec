"""CodeRecording: a recording of a short piece of code, such as one test among thousands."""

from __future__ import annotations

import enum
from functools import partial
from typing import TYPE_CHECKING

from ndmem.tracking.recorder import Recorder, untracked

if TYPE_CHECKING:
    from types import TracebackType

    from ndmem.results.run import Run


class Depth(enum.Enum):
    """What is recorded beside the bytes, which are always the same.

    `LIGHT`: names of arrays that variables hold, in half a millisecond. `THOROUGH`: as `ndmem.track`, with names that
    attributes and containers give, and native memory, in twenty.
    """

    LIGHT = "light"
    THOROUGH = "thorough"


class CodeRecording:
    """Recording of a ``with`` block.

    Parameters
    ----------
    depth : Depth
        What is recorded beside the bytes.

    Raises
    ------
    TrackingError
        If tracking cannot work in this interpreter.
    """

    def __init__(self, depth: Depth) -> None:
        self._is_thorough = depth is Depth.THOROUGH
        self._recorder = Recorder(objects=self._is_thorough, native=self._is_thorough)

    @property
    def peak(self) -> int:
        """Highest live bytes of arrays since the start."""
        return self._recorder.peak

    @property
    def live(self) -> int:
        """Live bytes of arrays allocated since the start, now or at the stop."""
        return self._recorder.live

    def find_holders(self) -> None:
        """Look through all objects for what holds the live arrays: a second for each million objects."""
        from ndmem.weighing.live.object_holders import find_object_holders  # only a failure needs it

        self._recorder.note_holders(partial(find_object_holders, smallest=self._recorder.threshold))

    def read_parts(self) -> list[bytes]:
        """Return the journal, for `PeakReader`."""
        return self._recorder.read_parts()

    def make_run(self) -> Run:
        """Return the finished recording as a run, which has reports."""
        from ndmem.results.run import Run  # a third of a second in each worker of a suite

        return Run(self._recorder.read_trace())

    def __enter__(self) -> CodeRecording:
        about = None
        if self._is_thorough:
            from ndmem.tracking.launcher.surroundings import describe_surroundings

            with untracked():
                about = describe_surroundings()
        self._recorder.start(about)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._recorder.stop(finds_holders=self._is_thorough)

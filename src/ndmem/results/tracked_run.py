"""TrackedRun: the run of code that this process tracks between a start and a stop."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ndmem.errors import TrackingError
from ndmem.tracking.launcher.surroundings import describe_surroundings
from ndmem.tracking.recorder import CONTINUOUS_STACKS, Recorder, untracked
from ndmem.units import format_nbytes, parse_nbytes

from .run import Run

if TYPE_CHECKING:
    from types import TracebackType

    from ndmem.model.trace import Trace


class TrackedRun(Run):
    """Run of code in this process: between ``start()`` and ``stop()``, or in a ``with`` block.

    Only buffers allocated after the start are recorded. Inside another tracked run it is a view of the same tracker,
    with a start and a peak of its own.

    Parameters
    ----------
    threshold : int or str, optional
        Record buffers of at least this size individually; by default that of the running tracker, or 4 KiB.
    continuous : bool
        Keep only counters, in bounded memory, for a recording of any length: see `ndmem.track`.

    Raises
    ------
    TrackingError
        If tracking cannot work in this interpreter, if another threshold is in force, or if a continuous recording is
        given a threshold.
    UnitError
        If the threshold is not a number of bytes.
    """

    def __init__(self, *, threshold: int | str | None = None, continuous: bool = False) -> None:
        super().__init__()
        if continuous and threshold is not None:
            raise TrackingError("a continuous recording records no buffer individually; omit threshold or continuous")
        self._stacks = CONTINUOUS_STACKS if continuous else 0
        self._threshold = None if threshold is None else parse_nbytes(threshold)
        self._recorder: Recorder | None = None

    def start(self) -> TrackedRun:
        """Track from now on, and discard an earlier recording."""
        if self._recorder is not None and self._recorder.running:
            raise TrackingError("it is tracking already; call stop() first, or use another track()")
        recorder = Recorder(threshold=self._threshold, stacks=self._stacks, native=True)
        with untracked():
            about = describe_surroundings()
        recorder.start(about)
        self._recorder = recorder
        return self

    def stop(self, *, objects: bool = False) -> TrackedRun:
        """Stop tracking; the recording stays.

        Parameters
        ----------
        objects : bool
            Before, look through all objects for what holds the live arrays: attributes, containers, caches, closures.
            Without it only variables are looked at. It takes about a second for each million objects of the process.
        """
        if self._recorder is None:
            raise TrackingError("nothing was tracked yet; call start() first")
        if objects and self._recorder.running:
            from ndmem.weighing.live.object_holders import find_object_holders  # needs NumPy

            self._recorder.note_holders(partial(find_object_holders, smallest=self._recorder.threshold))
        self._recorder.stop()
        return self

    def __enter__(self) -> TrackedRun:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def trace(self) -> Trace:
        """The raw record so far: call stacks, allocations and deallocations."""
        if self._recorder is None:
            raise TrackingError("nothing was tracked yet; call start() first")
        return self._recorder.read_trace()

    @property
    def peak(self) -> int:
        """Highest live bytes of arrays since the start."""
        return 0 if self._recorder is None else self._recorder.peak

    @property
    def live(self) -> int:
        """Live bytes of arrays allocated since the start, now or at the stop."""
        return 0 if self._recorder is None else self._recorder.live

    def _repr_html_(self) -> str | None:
        # A run that was not started has no table: for None a notebook shows the repr.
        return None if self._recorder is None else super()._repr_html_()

    def __repr__(self) -> str:
        state = "not started" if self._recorder is None else "running" if self._recorder.running else "stopped"
        return f"<ndmem.TrackedRun {state}, peak {format_nbytes(self.peak)}, live {format_nbytes(self.live)}>"


def recorder_of(run: TrackedRun) -> Recorder | None:
    """Return the recorder of a run's present recording; ``None`` before the first start."""
    return run._recorder

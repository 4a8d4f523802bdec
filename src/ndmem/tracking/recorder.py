"""Recording in this process: the Python end of the native core."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from ndmem.errors import TrackingError

from .describe import describe_run
from .support import check_support, find_numpy_obstacle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ndmem.model.trace import Trace

DEFAULT_THRESHOLD = 4096
"""Bytes from which on a buffer is an event of its own."""

_ROOM = 2**27
"""Bytes that events may take before they are folded: less than in a file, for it is the program's own memory."""

ALL_EVENTS = 2**60
"""Room for who needs every event."""


@contextlib.contextmanager
def unseen() -> Iterator[None]:
    """Keep what this thread allocates inside the block out of every recording: it is ndmem's own."""
    from ndmem import _native  # noqa: PLC0415  # see Recorder

    quiet = _native.quiet(True)
    try:
        yield
    finally:
        if quiet:
            _native.quiet(False)


class Recorder:
    """One recording, from its start to its stop, in memory.

    Recorders may overlap: each has its own start and sees only what was born after it.

    Parameters
    ----------
    threshold : int, optional
        Buffers of this many bytes and more become events; the running tracker's, or 4096.
    room : int
        Bytes that events may take; then those of buffers that are gone and were at no peak are left out.

    Raises
    ------
    TrackingError
        If tracking cannot work here, or another threshold is in force.
    """

    def __init__(self, *, threshold: int | None = None, room: int = _ROOM) -> None:
        check_support()
        from ndmem import _native  # noqa: PLC0415  # check_support explains why it may be missing

        running = _native.running_threshold()
        wanted = (running or DEFAULT_THRESHOLD) if threshold is None else max(threshold, 1)
        if running and wanted != running:
            raise TrackingError(
                f"the tracker already runs with a threshold of {running} bytes, not {wanted}; leave the threshold out"
            )
        try:
            self._native: Any = _native.Recording(wanted, -1, room)
        except ValueError as error:
            raise TrackingError(str(error)) from None
        self._trace: Trace | None = None

    def start(self, about: Mapping[str, Any] | None = None) -> None:
        """Record from now on; once.

        Parameters
        ----------
        about : mapping, optional
            What else to note of the run, as JSON can hold it.
        """
        import numpy as np  # noqa: PLC0415  # its allocator is what is hooked

        obstacle = find_numpy_obstacle(np.__version__)
        if obstacle:
            raise TrackingError(f"tracking cannot start: {obstacle}")
        self._native.start()
        self._native.write_meta(json.dumps({**describe_run(), **(about or {})}).encode())

    def stop(self) -> None:
        """Record no more; harmless when it does not run."""
        from ndmem import _native  # noqa: PLC0415

        if self._native.running:
            _native.sight_holders()
            self._native.stop()

    @property
    def running(self) -> bool:
        """Whether it records; false in the child of a fork."""
        return bool(self._native.running)

    @property
    def live(self) -> int:
        """Live bytes, of buffers born since the start."""
        return int(self._native.live)

    @property
    def peak(self) -> int:
        """Highest live bytes."""
        return int(self._native.peak)

    def take_window(self) -> tuple[int, int]:
        """Return live bytes, and the most there were since the last call."""
        live, peak = self._native.take_window()
        return int(live), int(peak)

    def read_parts(self) -> list[bytes]:
        """Return the journal as it lies in memory, for `read_journal`, perhaps in another process."""
        parts: list[bytes] = self._native.read()
        return parts

    def read_trace(self) -> Trace:
        """Return what happened so far; once stopped, the same object each time."""
        from .assemble import assemble  # noqa: PLC0415  # needs NumPy
        from .journal import read_journal  # noqa: PLC0415

        if self._trace is not None:
            return self._trace
        parts = self.read_parts()
        with unseen():
            trace = assemble(read_journal(parts))
        if not self.running:
            self._trace = trace
        return trace

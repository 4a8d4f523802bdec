"""Measure one call completely: every buffer, however small, is an event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.tracking.journal.file.reader import read_journal

from .journal.assemble import assemble
from .recorder import ALL_EVENTS, Recorder, untracked

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndmem.model.trace import Trace

_EVERY_BUFFER = 1


class Meter:
    """Records calls for prediction; recording and reading may be in two processes."""

    def record(self, action: Callable[[], object], *, threshold: int = _EVERY_BUFFER) -> list[bytes]:
        """Call something and return its journal; its result is alive until the recording ends.

        Parameters
        ----------
        action : callable
            What to call.
        threshold : int
            Buffers of this many bytes and more become events.
        """
        from ndmem import _native

        # Each small run would have its own 2 ms for searching objects, which is most of its time.
        recorder = Recorder(threshold=threshold, room=ALL_EVENTS, objects=False)
        recorder.start()
        # A child forked while the parent hid its own arrays would not record the function.
        _native.quiet(False)
        try:
            kept = action()
        finally:
            recorder.stop(finds_holders=False)  # the looks at peaks have named what a prediction shows
        del kept
        return recorder.read_parts()

    def read(self, parts: list[bytes]) -> tuple[Trace, int]:
        """Return the Trace of a journal, and the number of events that were not recorded."""
        with untracked():
            journal = read_journal(parts)
            lost = sum(int(journal.header[name]) for name in ("dropped", "missed", "merged"))
            return assemble(journal), lost + journal.compacted.left_out()

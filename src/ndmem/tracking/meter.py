"""Measure one call so that nothing of it is lost: every buffer, however small, is an event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Kind
from ndmem.model.raw_run import Place, RawRun

from .assemble import assemble
from .journal import CLOCK, read_journal
from .recorder import ALL_EVENTS, Recorder, unseen

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndmem.model.trace import Trace

    from .journal import Journal

_EVERY_BUFFER = 1


class Meter:
    """What prediction measures with; recording and reading may be in two processes."""

    def record(self, action: Callable[[], object], *, threshold: int = _EVERY_BUFFER) -> list[bytes]:
        """Call something and return its journal; its result is alive until the recording ends.

        Parameters
        ----------
        action : callable
            What to call.
        threshold : int
            Buffers of this many bytes and more become events.
        """
        from ndmem import _native  # noqa: PLC0415  # as Recorder

        recorder = Recorder(threshold=threshold, room=ALL_EVENTS)
        recorder.start()
        # A child that was forked where the parent kept its own arrays unseen would see nothing of the function.
        _native.quiet(False)
        try:
            kept = action()
        finally:
            recorder.stop()
        del kept
        return recorder.read_parts()

    def read(self, parts: list[bytes]) -> RawRun:
        """Return the events of a journal as bare columns."""
        with unseen():
            return _strip(read_journal(parts))

    def assemble(self, parts: list[bytes]) -> Trace:
        """Return the Trace of a journal."""
        with unseen():
            return assemble(read_journal(parts))


def _strip(journal: Journal) -> RawRun:
    """Leave out clock readings and what is not compared between runs."""
    raw = journal.events[journal.events["kind"] != CLOCK]
    kind, payload = raw["kind"].copy(), raw["payload"].copy()
    born = kind == Kind.BORN
    buffer = np.where(born, np.cumsum(born) - 1, payload)
    nodes = journal.nodes
    codes = {number: pair for number, pair in journal.codes.items() if number}
    columns = [nodes[name].tolist() for name in ("parent", "code", "offset", "lineno", "domain")]
    places = tuple(
        Place(parent if i else -1, *codes.get(code, ("", "")), offset, lineno, domain)
        for i, (parent, code, offset, lineno, domain) in enumerate(zip(*columns, strict=True))
    )
    lost = [int(journal.header[name]) for name in ("dropped", "missed", "merged")]
    return RawRun(
        kind=kind,
        # A death is in its birth's domain.
        domain=raw["domain"][born][buffer] if len(raw) else np.empty(0, np.uint8),
        thread=raw["thread"].copy(),
        node=raw["node"].astype(np.int32),
        buffer=buffer,
        nbytes=payload[born],
        places=places,
        lost=sum(lost) + journal.folded.left_out(),
    )

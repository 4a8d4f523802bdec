"""The header of a journal: the totals of its recording, described once, readable without NumPy.

The layout is that of `JournalHeader` in csrc/tracker/journal/journal.h; docs/reference/journal-format.md explains it.
"""

from __future__ import annotations

import struct

from ndmem.tracking.partial import JOURNAL_MAGIC

VERSION = 6
"""Version of the format that the recorder writes."""

FIELDS = {
    "magic": "8s",
    "version": "I",
    "pid": "I",
    "threshold": "Q",
    "started_ns": "q",
    "duration_ns": "q",
    "live": "q",
    "peak": "q",
    "peak_serial": "Q",
    "peak_events": "Q",
    "events": "Q",
    "births": "Q",
    "dropped": "Q",
    "missed": "Q",
    "merged": "Q",
    "peak_node": "I",
    "state": "I",
    "native_threshold": "Q",
    "native_live": "q",
    "native_peak": "q",
    "total_peak": "q",
    "total_serial": "Q",
    "total_events": "Q",
    "total_node": "I",
    "parent": "I",
    "compaction": "Q",
    "details_compaction": "Q",
}
"""Type of each field, as `struct` spells it; NumPy has the same letters, but for the magic."""

HEADER = struct.Struct("=" + "".join(FIELDS.values()))

WAITING, STOPPED = 0, 2
"""Values of ``state``: the recording has not begun, and the recording was stopped."""


def unpack_header(data: memoryview) -> dict[str, int] | None:
    """Return the totals of a journal in the recorder's present format, ``None`` for any other file."""
    if len(data) < HEADER.size:
        return None
    magic, version, *figures = HEADER.unpack_from(data)
    if (magic, version) != (JOURNAL_MAGIC, VERSION):
        return None
    return dict(zip(list(FIELDS)[2:], figures, strict=True))

"""Differences between two runs as JSON; ``docs/reference/json.md`` defines each field."""

from __future__ import annotations

from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any

from .json_document import write_document

if TYPE_CHECKING:
    from ndmem.analysis.diff import Change, Diff, Row

SCHEMA = 1
"""Version of the format; it changes when a field is removed or its meaning changes."""


def write_diff_json(diff: Diff, stream: IO[str]) -> None:
    """Write the differences between two runs as one JSON object.

    Parameters
    ----------
    diff : Diff
        The differences.
    stream : text stream
        Destination; only ASCII is written.

    Raises
    ------
    OSError
        If the stream cannot be written.
    """
    document = {
        "schema": SCHEMA,
        "peak_nbytes": asdict(diff.peak),
        "live_nbytes_at_end": asdict(diff.live),
        "total_nbytes": asdict(diff.total),
        "total_peak_nbytes": asdict(diff.total_peak),
        "lines": [_encode_change(change) for change in diff.lines],
        "functions": [_encode_change(change) for change in diff.functions],
        "buffers": [_encode_change(change) for change in diff.buffers],
    }
    write_document(document, stream, indent=1)


def _encode_change(change: Change[Row]) -> dict[str, Any]:
    """Return the fields that identify a row, and its place and figures in each run."""
    row = change.row
    texts = {name: getattr(row, name) for name in ("source", "text", "name") if hasattr(row, name)}
    return {
        "filename": row.filename,
        "function": row.function,
        **texts,
        "before": _figures(change.before, texts),
        "after": _figures(change.after, texts),
    }


def _figures(row: Row | None, texts: dict[str, Any]) -> dict[str, Any] | None:
    if row is None:
        return None
    left_out = {"function", "share", *texts}
    return {name: value for name, value in asdict(row).items() if name not in left_out} | {"lineno": row.lineno or None}

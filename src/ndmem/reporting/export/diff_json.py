"""What is different between two runs as JSON; ``docs/reference/json.md`` says what each field means."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ndmem.analysis.diff import Change, Diff, Row

SCHEMA = 1
"""Version of the format; it changes when a field is removed or means something else."""


def write_diff_json(diff: Diff, stream: IO[str]) -> None:
    """Write what is different between two runs as one JSON object.

    Parameters
    ----------
    diff : Diff
        The differences.
    stream : text stream
        Where to; only ASCII is written.

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
        "lines": [_describe(change) for change in diff.lines],
        "functions": [_describe(change) for change in diff.functions],
        "buffers": [_describe(change) for change in diff.buffers],
    }
    for piece in json.JSONEncoder(allow_nan=False, indent=1).iterencode(document):
        stream.write(piece)
    stream.write("\n")


def _describe(change: Change[Row]) -> dict[str, Any]:
    """Return what tells a row apart, and each run's place and figures."""
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
    left_out = {"filename", "function", "share", *texts}
    return {name: value for name, value in asdict(row).items() if name not in left_out} | {"lineno": row.lineno or None}

"""One JSON object on a stream, written piece by piece: a run of many lines never stands in memory as one text."""

from __future__ import annotations

import json
from typing import IO


def write_document(document: dict[str, object], stream: IO[str], *, indent: int | None = None) -> None:
    """Write an object and a line end; only ASCII is written, and NaN is an error, because JSON has none."""
    for piece in json.JSONEncoder(allow_nan=False, indent=indent).iterencode(document):
        stream.write(piece)
    stream.write("\n")

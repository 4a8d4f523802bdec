"""The JSON report of a trace, read back and validated against its published schema."""

import io
import json
from pathlib import Path
from typing import Any

import jsonschema

from ndmem.analysis.index import TraceIndex
from ndmem.model.trace import Trace
from ndmem.reporting.export.json import write_json

SCHEMA = json.loads((Path(__file__).parents[3] / "docs/reference/report.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def report(trace: Trace, **options: bool) -> dict[str, Any]:
    """Return what is read back from the JSON of a trace."""
    stream = io.StringIO()
    write_json(TraceIndex(trace), stream, **options)
    assert stream.getvalue().isascii()
    document = json.loads(stream.getvalue())
    VALIDATOR.validate(document)
    return document

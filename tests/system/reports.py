"""Reports of tracked runs as tests read them."""

import io
import json
from pathlib import Path
from typing import Any

import ndmem

from .running import Place, write_program


def run_both(folder: Path, source: str, *arguments: str, fresh: bool = False) -> dict[str, Any]:
    """Run a program plainly and tracked; they must show the same. Return the JSON report."""
    name = write_program(folder, source)
    place = Place(folder, fresh=fresh)
    plain = place.run_plain(name, *arguments)
    assert place.run_tracked(name, *arguments) == plain
    return read(place.trace)


def read(trace: Path) -> dict[str, Any]:
    """Return the JSON report of a run."""
    text = io.StringIO()
    ndmem.load(trace).report(text, form="json")
    report: dict[str, Any] = json.loads(text.getvalue())
    return report


def read_text(trace: Path) -> str:
    """Return the text report of a run."""
    text = io.StringIO()
    ndmem.load(trace).report(text)
    return text.getvalue()

"""Totals of a run as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import IO, TYPE_CHECKING

from ndmem.analysis.stats import compute_stats

from .json_document import write_document

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex


def write_stats_json(index: TraceIndex, stream: IO[str]) -> None:
    """Write the totals of a run as one JSON object, with the fields of `ndmem.analysis.stats.Stats`."""
    write_document(asdict(compute_stats(index)), stream, indent=1)

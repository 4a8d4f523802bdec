"""``ndmem report --format benchmark-json``: peaks of runs and tests for services that draw them over time."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from ndmem import api
from ndmem.reporting.export.benchmark_json import write_bencher_json, write_benchmark_json
from ndmem.steps import LOADING

from .waiting import show_waiting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def write_benchmarks(files: Sequence[Path], *, form: str, output: Path | None) -> None:
    """Write the peaks of runs, folders of runs and files of tests; to stdout without ``output``."""
    with show_waiting(*files, steps=LOADING):
        figures = api.list_benchmarks(files)
    text = io.StringIO()
    (write_bencher_json if form == api.Format.BENCHER.value else write_benchmark_json)(figures, text)
    if output is None:
        sys.stdout.write(text.getvalue())
    else:
        output.write_text(text.getvalue(), "ascii")

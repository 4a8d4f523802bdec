"""Something to look at while long work goes on."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LONG_NBYTES = 8 * 1024 * 1024
"""Bytes of a file that take about half a second to read: below that nobody waits."""


@contextlib.contextmanager
def show_waiting(*files: Path) -> Iterator[None]:
    """Say on a terminal which large files are being read; in a pipe, and for small files, say nothing."""
    nbytes = sum(file.stat().st_size for file in files if file.is_file())
    if nbytes < _LONG_NBYTES or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415  # costs 50 ms: only who waits longer pays
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    # How far it is nobody knows beforehand: the passes over the events have no steps of one length.
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True, markup=False), transient=True) as progress:
        progress.add_task(f"{nbytes / 1024**2:,.0f} MiB of events", total=None)
        yield

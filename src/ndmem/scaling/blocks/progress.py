"""A progress bar for the rows of a source."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


@contextlib.contextmanager
def show_progress(rows: int, done: int, *, wanted: bool | None) -> Iterator[Callable[[int], None]]:
    """Show how many rows are done, on stderr.

    Parameters
    ----------
    rows, done : int
        Number of all rows, and of those that an earlier run has finished.
    wanted : bool or None
        Whether to show it; ``None`` means if stderr is a terminal.

    Yields
    ------
    callable
        To be called with the number of rows that were finished since.
    """
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield lambda _: None
        return
    columns = (
        TextColumn("rows"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True, markup=False), transient=True) as progress:
        task = progress.add_task("", total=rows, completed=done)
        yield lambda more: progress.advance(task, more)

"""A progress bar for the rows of a source."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator


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
    # 40 ms, which a job without a bar need not wait for.
    from rich import progress as bar
    from rich.console import Console

    columns = (
        bar.TextColumn("rows"),
        bar.BarColumn(),
        bar.MofNCompleteColumn(),
        bar.TimeElapsedColumn(),
        bar.TimeRemainingColumn(),
    )
    with bar.Progress(*columns, console=Console(stderr=True, markup=False), transient=True) as progress:
        task = progress.add_task("", total=rows, completed=done)
        yield lambda more: progress.advance(task, more)

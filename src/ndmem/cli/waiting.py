"""A progress bar for work that takes long."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ndmem.steps import listen
from ndmem.tracking.partial import find_record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ndmem.steps import Step

_LONG_NBYTES = 8 * 1024 * 1024
"""Bytes of a file that take about half a second to read; smaller files get no progress bar."""


@contextlib.contextmanager
def show_waiting(*files: Path, steps: Sequence[Step]) -> Iterator[None]:
    """Show progress of work on large files, if stderr is a terminal.

    Parameters
    ----------
    *files : Path
        The files that are read.
    steps : sequence of Step
        The steps of the work, in order; the work may skip some.
    """
    records = [Path(find_record(str(file))) for file in files]
    nbytes = sum(record.stat().st_size for record in records if record.is_file())
    if nbytes < _LONG_NBYTES or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # 50 ms, which only long work need pay
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    # The bar counts steps: how long each takes depends on the run, so a percentage would be a guess.
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True, markup=False), transient=True) as progress:
        what = f"{nbytes / 1024**2:,.0f} MiB of events"
        task = progress.add_task(what, total=len(steps))
        number = -1

        def tell(step: Step) -> None:
            nonlocal number
            number = next((later for later in range(number + 1, len(steps)) if steps[later] is step), number)
            progress.update(task, description=f"{what}: {steps[number].value}", completed=number, refresh=True)

        with listen(tell):
            yield

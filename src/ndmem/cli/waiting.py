"""Something to look at while long work goes on."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from ndmem.steps import listen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ndmem.steps import Step

_LONG_NBYTES = 8 * 1024 * 1024
"""Bytes of a file that take about half a second to read: below that nobody waits."""


@contextlib.contextmanager
def show_waiting(*files: Path, steps: Sequence[Step]) -> Iterator[None]:
    """Say on a terminal how far work on large files is; in a pipe, and for small files, say nothing.

    Parameters
    ----------
    *files : Path
        What is read.
    steps : sequence of Step
        What will be done, in order; some may be left out.
    """
    nbytes = sum(file.stat().st_size for file in files if file.is_file())
    if nbytes < _LONG_NBYTES or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415  # costs 50 ms: only who waits longer pays
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    # Steps are counted, for how long each takes depends on the run; a percentage would be a guess.
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

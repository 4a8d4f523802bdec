"""List of call stacks with their live bytes, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.call_tree.stacks import stack_threads, stack_weights
from ndmem.analysis.measure import Measure
from ndmem.analysis.moment import nbytes_at
from ndmem.analysis.tables.expression import expression_text
from ndmem.analysis.tables.sources import source_files
from ndmem.reporting.plain import plain
from ndmem.reporting.text.tables.figure_columns import format_share
from ndmem.reporting.thread_words import MAIN, list_threads
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from rich.table import Table

    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.moment import Moment
    from ndmem.model.site import Site
    from ndmem.reporting.paths import FileNames


def make_stack_list(index: TraceIndex, names: FileNames, *, moment: Moment, library: bool, limit: int | None) -> Table:
    """Lay out call stacks, most bytes first, each with its leaf on top.

    At most ``limit`` stacks are shown, the others are summed; ``library`` shows the frames of libraries.
    """
    trace = index.trace
    from rich.table import Table
    from rich.text import Text

    total, sources = nbytes_at(trace, moment), source_files(index)
    weights = stack_weights(index, Measure.of(moment), library=library)
    threads = stack_threads(index, library=library)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    # A narrow terminal cuts the source text, never a figure.
    longest = max((len(format_nbytes(nbytes)) for _, nbytes in weights), default=0)
    table.add_column("share", justify="right", no_wrap=True, min_width=len("share"))
    table.add_column("nbytes", justify="right", no_wrap=True, min_width=max(longest, len("nbytes")))
    table.add_column("stack, innermost call first", overflow="ellipsis", no_wrap=True)
    for stack, nbytes in weights[:limit]:
        first = [format_share(nbytes / total if total else None), format_nbytes(nbytes)]
        for site in stack:
            text = expression_text(sources, site) or sources.line(site.filename, site.lineno) or ""
            table.add_row(*first, Text.assemble((_write_frame(site, names), "cyan"), f" {plain(text)}"))
            first = ["", ""]
        numbers = threads.get(stack, frozenset())
        if any(trace.threads.get(number, MAIN) != MAIN for number in numbers):
            table.add_row("", "", Text(f"in {plain(list_threads(numbers, trace.threads))}", "dim"))
    rest = weights[len(weights[:limit]) :]
    if rest:
        nbytes = sum(weight for _, weight in rest)
        share = format_share(nbytes / total if total else None)
        others = f"{len(rest):,} other stack{'s' if len(rest) > 1 else ''}"
        table.add_row(share, format_nbytes(nbytes), others)
    return table


def _write_frame(site: Site, names: FileNames) -> str:
    """Write the place of a frame, and its function unless it is the code of a module."""
    function = "" if site.function == "<module>" else f" in {plain(site.function)}"
    return f"{names.short_place(site.filename, site.lineno)}{function}:"

"""Live bytes by call stack, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.expression import expression_text
from ndmem.analysis.measure import Measure
from ndmem.analysis.moment import nbytes_at
from ndmem.analysis.sources import SourceFiles
from ndmem.analysis.stacks import stack_weights
from ndmem.units import format_nbytes

from .figure_table import format_share
from .plain import plain

if TYPE_CHECKING:
    from rich.table import Table

    from ndmem.analysis.moment import Moment
    from ndmem.model.site import Site
    from ndmem.model.trace import Trace

    from .paths import FileNames


def make_stack_list(trace: Trace, names: FileNames, *, moment: Moment, library: bool, limit: int | None) -> Table:
    """Lay out call stacks, the heaviest first, each with its leaf on top.

    Parameters
    ----------
    trace : Trace
        The run.
    names : FileNames
        How files are named.
    moment : Moment
        The peak or the end.
    library : bool
        Show the frames of libraries.
    limit : int or None
        Show at most this many stacks and sum the others; ``None`` for all.

    Returns
    -------
    rich.table.Table
    """
    from rich.table import Table  # noqa: PLC0415  # costs 50 ms: only who renders pays
    from rich.text import Text  # noqa: PLC0415

    total, sources = nbytes_at(trace, moment), SourceFiles(trace.sources)
    weights = stack_weights(trace, Measure.of(moment), library=library)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    # Where it gets narrow the source text gives way, never a figure.
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
    rest = weights[len(weights[:limit]) :]
    if rest:
        nbytes = sum(weight for _, weight in rest)
        share = format_share(nbytes / total if total else None)
        others = f"{len(rest):,} other stack{'s' if len(rest) > 1 else ''}"
        table.add_row(share, format_nbytes(nbytes), others)
    return table


def _write_frame(site: Site, names: FileNames) -> str:
    """Write a frame's place, and its function unless that is the module."""
    function = "" if site.function == "<module>" else f" in {plain(site.function)}"
    return f"{names.short_place(site.filename, site.lineno)}{function}:"

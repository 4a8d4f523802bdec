"""Live bytes of a moment as a tree of calls, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.call_tree.icicle import build_icicle
from ndmem.analysis.measure import Measure
from ndmem.analysis.tables.sources import source_files
from ndmem.reporting.plain import plain
from ndmem.reporting.text.tables.figure_columns import format_share
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from ndmem.analysis.call_tree.icicle import Icicle
    from ndmem.analysis.index import TraceIndex
    from ndmem.reporting.paths import FileNames
    from ndmem.reporting.view import View

_MOST_INDENT = 12


def make_call_tree(index: TraceIndex, names: FileNames, *, view: View) -> Table:
    """Lay out the call tree: each call below its caller, most bytes first; a call's bytes include its calls.

    Parameters
    ----------
    index : TraceIndex
        The run.
    names : FileNames
        How files are named.
    view : View
        The moment, and how many calls to show, the largest first; the callers of a shown call are shown too.
    """
    from rich.table import Table
    from rich.text import Text

    measure, sources = Measure.of(view.moment), source_files(index)
    icicle = build_icicle(index, library=view.library)
    nbytes, total = icicle.nbytes[measure], icicle.total[measure]
    largest = np.argsort(-nbytes, kind="stable")[: view.rows]
    shown = {node for node in largest.tolist() if nbytes[node]}
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("share", "nbytes"):
        needed = max((len(format_nbytes(int(nbytes[node]))) for node in shown), default=0) if name == "nbytes" else 0
        table.add_column(name, justify="right", no_wrap=True, min_width=max(len(name), needed))
    # A narrow terminal cuts the source text, never a figure.
    table.add_column("call tree, outermost call first", overflow="ellipsis", no_wrap=True)
    for node, depth in _order_nodes(icicle, measure, shown):
        filename, lineno, function = icicle.keys[node]
        place = f"{names.short_place(filename, lineno)}{'' if function == '<module>' else f' in {plain(function)}'}:"
        text = plain(sources.line(filename, lineno) or "")
        share = format_share(int(nbytes[node]) / total)
        indent = "  " * min(depth, _MOST_INDENT)
        table.add_row(share, format_nbytes(int(nbytes[node])), Text.assemble(indent, (place, "cyan"), f" {text}"))
    if left_out := int(np.count_nonzero(nbytes)) - len(shown):
        table.add_row("", "", Text(f"… and {left_out:,} smaller", "dim"))
    return table


def _order_nodes(icicle: Icicle, measure: Measure, shown: set[int]) -> Iterator[tuple[int, int]]:
    """Yield the nodes to show and their depth, callers before their calls, most bytes first."""
    nbytes = icicle.nbytes[measure]
    called: dict[int, list[int]] = {}
    for node in sorted(shown, key=lambda node: int(nbytes[node])):
        called.setdefault(int(icicle.parent[node]), []).append(node)
    waiting = [(node, 0) for node in called.get(-1, [])]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting += [(below, depth + 1) for below in called.get(node, [])]

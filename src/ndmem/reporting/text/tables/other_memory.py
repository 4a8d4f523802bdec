"""Tables of arrays in memory that NumPy did not allocate, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.live import LiveBuffer, each_live_buffer
from ndmem.analysis.tables.sources import source_files
from ndmem.model.columns import Domain
from ndmem.reporting.holder_names import HolderNames
from ndmem.reporting.other_memory import list_other_memory
from ndmem.reporting.plain import plain
from ndmem.reporting.sentences.mapped import name_mapped

from .arrays import describe_holders, write_array
from .block_rows import Row, add_rest, lay_out_largest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.moment import Moment
    from ndmem.reporting.paths import FileNames


def list_other_tables(
    index: TraceIndex, names: FileNames, *, moment: Moment, limit: int | None, width: int
) -> Iterator[tuple[str, Table]]:
    """Yield title and table of such arrays at a moment; the rows of each sum to its last one."""
    sources, holders = source_files(index), HolderNames(index, names.name)

    def describe(buffer: LiveBuffer) -> Row:
        row = write_array(buffer, names, sources, holders)
        if buffer.kind is Domain.MAPPED:
            row.use = row.shared_use = _describe_mapped(buffer, holders)
        return row

    for _, title, columns in list_other_memory(index, moment):
        buffers = each_live_buffer(index, columns)
        noun, last = ("mapping", "file") if columns.domain is Domain.MAPPED else ("array", "held by")
        table = lay_out_largest(columns, buffers, describe, noun=noun, last=last, limit=limit, width=width)
        add_rest(table, int(columns.nbytes.sum()), "all", bold=True)
        yield title, table


def _describe_mapped(buffer: LiveBuffer, names: HolderNames) -> str:
    """Write the file, and the arrays in it."""
    file = name_mapped(buffer.origin or "")
    return plain(f"{file}: {describe_holders(buffer, names)}" if buffer.holders else file)

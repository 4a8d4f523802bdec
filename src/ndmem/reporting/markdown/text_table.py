"""Tables of the text report as Markdown: those that are beside the lines and the arrays, with the same cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.reporting.sentences.brevity import shorten

from .blocks import Align, write_table
from .inline import prose

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from .bounds import Bounds


def convert_table(table: Table, bounds: Bounds) -> str:
    """Write a table that was laid out for a terminal."""
    columns = [
        (str(column.header), Align.RIGHT if column.justify == "right" else Align.LEFT) for column in table.columns
    ]
    cells = [[_write_cell(cell, bounds) for cell in column.cells] for column in table.columns]
    return write_table(columns, zip(*cells, strict=True))


def _write_cell(cell: RenderableType, bounds: Bounds) -> str:
    return prose(shorten(str(cell), bounds.name), begins_line=False)

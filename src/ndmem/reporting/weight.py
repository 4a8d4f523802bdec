"""A Weight as a tree on a terminal, with the largest parts marked."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from ndmem.model.tree import COLUMNS, remarks, rows
from ndmem.model.weight import Weight


def weight_table(weight: Weight) -> Table:
    """Return the tree of a weight as a rich table.

    Parameters
    ----------
    weight : Weight
        What was weighed.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for column in COLUMNS:
        table.add_column(column, justify="right")
    for row in rows(weight):
        # As Text: a dictionary's key is not markup.
        table.add_row(Text("  " * row.depth + row.name, style="bold" if row.depth == 0 else ""), *row.cells)
    table.caption = "\n".join(remarks(weight))
    table.caption_justify = "left"
    return table

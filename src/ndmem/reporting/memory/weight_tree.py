"""A Weight as a tree of rows, in plain text and HTML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.reporting.html.fragment import Column, write_fragment, write_table
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from ndmem.model.memory.weight import Part, Weight

COLUMNS = ("owned", "reachable", "logical", "resident")
_MOST_CHILDREN = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the tree.

    Attributes
    ----------
    depth : int
        0 for what was weighed.
    name : str
        Label and kind.
    cells : tuple of str
        The four numbers, as `COLUMNS`.
    """

    depth: int
    name: str
    cells: tuple[str, str, str, str]


def rows(weight: Weight) -> Iterator[Row]:
    """Yield the lines of a weight's tree, each level's largest first, without the smallest."""
    yield Row(0, weight.kind, _cells(weight))
    yield from _below(weight.parts, 1, (weight.reachable + weight.mapped) // 1000)


def remarks(weight: Weight) -> Iterator[str]:
    """Yield the remarks below the tree, one sentence each."""
    numbers = weight.numbers
    of = (
        f" in {weight.n_buffers} buffer{'' if weight.n_buffers == 1 else 's'}"
        if weight.n_buffers and numbers.buffers_nbytes
        else " of buffers"
    )
    yield f"{format_nbytes(numbers.buffers_nbytes)}{of}, {format_nbytes(numbers.python)} of Python objects"
    if numbers.mapped:
        yield f"{format_nbytes(numbers.mapped)} of mapped files on top, in no column but resident"
    if numbers.device:
        yield f"{format_nbytes(numbers.device)} on a device on top, in no column but logical"
    if numbers.unseen:
        several = "an object" if numbers.unseen == 1 else f"{numbers.unseen} objects"
        yield f"owned and reachable are at least these: the contents of {several} are not visible"
    if numbers.unsure:
        least, unsure = format_nbytes(numbers.owned_least), format_nbytes(numbers.unsure)
        most = "" if numbers.unseen else f" and at most {format_nbytes(numbers.owned)}"
        yield f"owned is at least {least}{most}: {unsure} may have holders outside Python that cannot be seen"
    if numbers.owned < 0.99 * numbers.reachable:
        held = format_nbytes(numbers.reachable - numbers.owned)
        yield f"{held} of what it reaches would stay: other objects hold it too"
    for share in weight.buffers:
        if len(share.parts) > 1:
            yield f"{format_nbytes(share.nbytes)} ({share.holder}) is shared by {_listed(share.parts)}"
    yield from weight.notes


def as_text(weight: Weight) -> str:
    """Write the tree as lines of text."""
    table = [("  " * row.depth + row.name, *row.cells) for row in rows(weight)]
    wide = min(max(len(name) for name, *_ in table), 70)
    lines = [" " * wide + "".join(f"{column:>12}" for column in COLUMNS)]
    for name, *cells in table:
        shown = name if len(name) <= wide else f"{name[: wide - 1]}…"
        lines.append(f"{shown:<{wide}}" + "".join(f"{cell:>12}" for cell in cells))
    return "\n".join([*lines, *remarks(weight)])


def as_html(weight: Weight) -> str:
    """Write the tree as an HTML table, for notebooks."""
    table = write_table(
        [("", Column.TEXT), *((name, Column.FIGURE) for name in COLUMNS)],
        [("  " * row.depth + row.name, *row.cells) for row in rows(weight)],
    )
    return write_fragment(table, remarks=remarks(weight))


def _below(parts: tuple[Part, ...], depth: int, least: int) -> Iterator[Row]:
    """Yield the parts of a level; below the first level, only those of at least a thousandth of the whole."""
    shown = [
        part for part in parts[:_MOST_CHILDREN] if depth == 1 or part.numbers.reachable + part.numbers.mapped > least
    ]
    for part in shown:
        yield Row(depth, f"{part.label}  {part.kind}", _cells(part))
        yield from _below(part.parts, depth + 1, least)
    if len(shown) < len(parts):
        # Without a sum: memory that they share would count twice.
        yield Row(depth, f"… {len(parts) - len(shown)} smaller", ("", "", "", ""))


def _cells(weighed: Weight | Part) -> tuple[str, str, str, str]:
    numbers = weighed.numbers
    resident = "unknown" if numbers.resident is None else format_nbytes(numbers.resident)
    owned = f"{'≤ ' if numbers.unsure else ''}{format_nbytes(numbers.owned)}"
    if numbers.unseen:
        owned = f"≥ {format_nbytes(numbers.owned_least)}"
    reachable = f"{'≥ ' if numbers.unseen else ''}{format_nbytes(numbers.reachable)}"
    return owned, reachable, format_nbytes(numbers.logical), resident


def _listed(labels: tuple[str, ...]) -> str:
    shown = ", ".join(labels[:5])
    return shown if len(labels) <= 5 else f"{shown} and {len(labels) - 5} more"

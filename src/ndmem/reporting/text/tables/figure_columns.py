"""Columns of the tables of lines and functions: what each figure is, and which a terminal has space for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.analysis.moment import Moment
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ndmem.analysis.tables.figures import Figures

UNKNOWN = "?"
"""A figure that was not measured; zero is a dash."""


@dataclass(frozen=True, slots=True)
class Column:
    """Column of figures.

    Attributes
    ----------
    heading : str
        Its name.
    meaning : str
        What the figures are, for the note below the table.
    write : callable
        Returns the text of a row.
    """

    heading: str
    meaning: str
    write: Callable[[Figures], str]

    def width(self, rows: Sequence[Figures]) -> int:
        """Return the characters that the column needs for these rows."""
        return max([len(self.heading), *(len(self.write(row)) for row in rows)])


def write_figure(nbytes: int | None) -> str:
    """Write bytes: a dash for zero, a question mark if they are unknown."""
    return UNKNOWN if nbytes is None else format_nbytes(nbytes) if nbytes else "-"


def format_share(share: float | None) -> str:
    """Write a share of the live bytes; a dash for zero."""
    if not share:
        return "-"
    return f"{share:.0%}" if share >= 0.01 else "<1%"


_SHARE = Column("share", "", lambda row: format_share(row.share))
_AT_PEAK = Column(
    "at peak",
    "allocated by the line, or by what it called, and live at the peak",
    lambda row: write_figure(row.at_peak_nbytes),
)
_TEMPORARY = Column("temporary", "freed before the line had ended", lambda row: write_figure(row.temporary_nbytes))
_KEPT = Column("kept", "live at the end", lambda row: write_figure(row.kept_nbytes))
_TOTAL = Column("total", "ever allocated", lambda row: write_figure(row.total_nbytes))
_COUNT = Column("count", "number of arrays", lambda row: f"{row.count:,}" if row.count else "-")
_PROGRAM = Column(
    "program", "the most that the whole program had while the line ran", lambda row: write_figure(row.peak_nbytes)
)
_NATIVE = Column(
    "native",
    "not in arrays, live at the total peak",
    lambda row: write_figure(row.native.at_total_peak_nbytes if row.native else None),
)
_NATIVE_KEPT = Column(
    "native", "not in arrays, live at the end", lambda row: write_figure(row.native.kept_nbytes if row.native else None)
)

_FOREIGN = Column(
    "foreign",
    "in arrays over memory that NumPy did not allocate, live at the total peak",
    lambda row: write_figure(row.foreign.at_total_peak_nbytes if row.foreign else None),
)
_FOREIGN_KEPT = Column(
    "foreign",
    "in arrays over memory that NumPy did not allocate, live at the end",
    lambda row: write_figure(row.foreign.kept_nbytes if row.foreign else None),
)

_LEAST_USEFUL = (_PROGRAM, _COUNT, _TOTAL)
"""Columns that a narrow terminal lacks, the first one first."""


def list_columns(rows: Sequence[Figures], moment: Moment = Moment.PEAK, *, native: bool) -> tuple[Column, ...]:
    """Return all columns, in their order: the bytes of the moment come after their share."""
    ends = moment is Moment.END
    natives = ([_NATIVE_KEPT] if ends else [_NATIVE]) if native else []
    foreign = ([_FOREIGN_KEPT] if ends else [_FOREIGN]) if has_foreign(rows) else []
    now, other = (_KEPT, _AT_PEAK) if ends else (_AT_PEAK, _KEPT)
    return (_SHARE, now, *foreign, *natives, _TEMPORARY, other, _TOTAL, _COUNT, _PROGRAM)


def has_foreign(rows: Sequence[Figures]) -> bool:
    """Tell whether any row allocated the memory of arrays that is not NumPy's own."""
    return any(row.foreign is not None and row.foreign.count for row in rows)


def choose_columns(
    rows: Sequence[Figures], *, moment: Moment, native: bool, gap: int, width: int
) -> tuple[Column, ...]:
    """Return the columns that fit into a width; the most useful ones are kept in any case."""
    columns = list_columns(rows, moment, native=native)
    for column in _LEAST_USEFUL:
        if sum(each.width(rows) + gap for each in columns) <= width:
            break
        columns = tuple(each for each in columns if each is not column)
    return columns


def explain_columns(columns: Sequence[Column]) -> str:
    """Write what the columns mean, in one sentence."""
    return "; ".join(f"{column.heading}: {column.meaning}" for column in columns if column.meaning) + "."


def name_role(row: Figures, moment: Moment, *, native: bool) -> str:
    """Return the heading above a row: its part in the arrays live at the moment; rows come in this order."""
    if row.own_nbytes:
        return "Live at the peak" if moment is Moment.PEAK else "Left at the end"
    if row.share:
        return "Their callers"
    if row.foreign is not None and row.foreign.live_at(moment):
        return "Arrays over other memory"
    if native:  # the row may have native blocks at the total peak
        return "No arrays at the peak" if moment is Moment.PEAK else "No arrays left at the end"
    return "Not live at the peak" if moment is Moment.PEAK else "Nothing left at the end"

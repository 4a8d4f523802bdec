"""Differences between two runs: by line, by function, by buffer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Generic, TypeVar

from .file_names import base_name
from .file_pairs import pair_files
from .live import live_buffers
from .tables.figures import SHOWN, Figures
from .tables.functions import Function, function_table
from .tables.lines import Line, line_table
from .tables.sources import source_files

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from .file_pairs import FilePairs
    from .index import TraceIndex
    from .live import LiveBuffer
    from .tables.sources import SourceFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayGroup:
    """Large arrays live at a run's peak that one expression allocated and one name held.

    Attributes
    ----------
    filename, lineno : str, int
        The user's line; 0 where the code has no line.
    function : str
        Its function.
    text : str or None
        The expression, or the line if the expression is unknown; ``None`` if both are.
    name : str or None
        The variable that held them; ``None`` if none was found.
    nbytes, count : int
        Bytes and number of the arrays.
    """

    filename: str
    lineno: int
    function: str
    text: str | None
    name: str | None
    nbytes: int
    count: int


SHOWN_DIFFERENCES = ("own_nbytes", *(name for name in SHOWN if name != "peak_nbytes"))
"""Figures of lines and functions whose changes a reader is shown; `write_diff_json` writes all."""

Row = TypeVar("Row", Line, Function, ArrayGroup)


@dataclass(frozen=True, slots=True)
class Change(Generic[Row]):
    """Difference between two runs in one line, one function or arrays of one kind.

    Attributes
    ----------
    before, after : Line, Function or ArrayGroup, or None
        Its figures in each run; ``None`` in the run that does not have it.
    """

    before: Row | None
    after: Row | None

    @property
    def row(self) -> Row:
        """The row of the later run, or of the earlier one if the later has none."""
        row = self.before if self.after is None else self.after
        assert row is not None
        return row

    def difference(self, figure: str) -> int | None:
        """Return how much a figure grew, in bytes; ``None`` if it is unknown in a run that has the row."""
        before, after = self._both(figure)
        return None if before is None or after is None else after - before

    @property
    def has_moved(self) -> bool:
        """Whether the row is in files of different names in the two runs."""
        files = [base_name(row.filename) for row in (self.before, self.after) if row is not None]
        return len(set(files)) > 1

    def differs(self, figures: Iterable[str]) -> bool:
        """Tell whether one of these figures changed, or is known in one run only."""
        return any(before != after for before, after in map(self._both, figures))

    def _both(self, figure: str) -> tuple[int | None, int | None]:
        before, after = (0 if row is None else getattr(row, figure) for row in (self.before, self.after))
        return before, after


AnyChange = Change[Line] | Change[Function] | Change[ArrayGroup]


@dataclass(frozen=True, slots=True)
class Growth:
    """Figure of the whole program in two runs.

    Attributes
    ----------
    before, after : int or None
        Bytes; ``None`` if it was not measured.
    """

    before: int | None
    after: int | None

    @property
    def difference(self) -> int | None:
        """How much it grew, in bytes; ``None`` if it was not measured in one of the runs."""
        return None if self.before is None or self.after is None else self.after - self.before

    def exceeds(self, part: float) -> bool:
        """Tell whether it grew by more than a part of its earlier value; any growth from zero exceeds it."""
        difference = self.difference
        return difference is not None and difference > part * (self.before or 0)


@dataclass(frozen=True, slots=True)
class Diff:
    """Differences between two runs; what is equal in both is left out.

    Attributes
    ----------
    peak, live, total : Growth
        Of arrays: the highest live bytes, those live at the end, and those ever allocated.
    total_peak : Growth
        Of arrays and native blocks together.
    lines, functions, buffers : tuple of Change
        Those that changed most at the peak first. The differences of ``own_nbytes`` sum to that of the peak, over
        the lines and over the functions.
    """

    peak: Growth
    live: Growth
    total: Growth
    total_peak: Growth
    lines: tuple[Change[Line], ...]
    functions: tuple[Change[Function], ...]
    buffers: tuple[Change[ArrayGroup], ...]

    @property
    def is_empty(self) -> bool:
        """Whether all figures are equal."""
        totals = (self.peak, self.live, self.total, self.total_peak)
        return not (self.lines or self.functions or self.buffers) and all(each.before == each.after for each in totals)


def select_changes(changes: Sequence[AnyChange]) -> tuple[AnyChange, ...]:
    """Return the changes that a reader is shown: those of a figure in the tables, or of the number of arrays.

    The others differ, for example, only in what else was live while the line ran.
    """
    return tuple(
        change
        for change in changes
        if change.differs(("nbytes", "count") if isinstance(change.row, ArrayGroup) else SHOWN_DIFFERENCES)
    )


def diff_traces(before: TraceIndex, after: TraceIndex, *, library: bool = False) -> Diff:
    """Compare two runs, measured or predicted.

    Parameters
    ----------
    before, after : TraceIndex
        The runs.
    library : bool
        Compare the lines of libraries too; else they are charged to the user's line that called them.

    Returns
    -------
    Diff
        Two lines are the same if their files are a pair (see `pair_files`) and their function and text are equal,
        whatever their numbers; several such lines are paired in the order in which they stand in the file. If the text
        is unknown, the numbers must be equal.

    Raises
    ------
    TraceError
        If a trace's call tree is damaged.
    """
    old, new = before.trace, after.trace
    totals = (None if trace.total is None else trace.total.nbytes for trace in (old, new))
    lines = [line_table(index, library=library) for index in (before, after)]
    functions = [function_table(index, library=library) for index in (before, after)]
    groups = [_group_buffers(index) for index in (before, after)]
    names = [
        {row.filename for table in tables for row in table} for tables in zip(lines, functions, groups, strict=True)
    ]
    files = pair_files(before, after, *names)
    return Diff(
        peak=Growth(old.peak.nbytes, new.peak.nbytes),
        live=Growth(old.live_nbytes, new.live_nbytes),
        total=Growth(old.total_nbytes, new.total_nbytes),
        total_peak=Growth(*totals),
        lines=_pair_rows(*lines, files=files, key=_identify_line, figures=_FIGURES),
        functions=_pair_rows(*functions, files=files, key=_identify_function, figures=_FIGURES),
        buffers=_pair_rows(*groups, files=files, key=_identify_group, figures=("nbytes", "count")),
    )


# Each run has its own total: shares of different totals cannot be compared.
_FIGURES = tuple(field.name for field in fields(Figures) if field.name != "share")


def _pair_rows(
    before: Iterable[Row],
    after: Iterable[Row],
    *,
    files: FilePairs,
    key: Callable[[Row], Hashable],
    figures: tuple[str, ...],
) -> tuple[Change[Row], ...]:
    olds: dict[tuple[Hashable, int], Row] = _identify_rows(before, files.label_before, key)
    news: dict[tuple[Hashable, int], Row] = _identify_rows(after, files.label_after, key)
    pairs = [Change(olds.get(name), news.get(name)) for name in dict.fromkeys([*news, *olds])]
    changed = [pair for pair in pairs if _figures(pair.before, figures) != _figures(pair.after, figures)]
    return tuple(sorted(changed, key=_rank_change))


def _figures(row: Row | None, names: tuple[str, ...]) -> tuple[object, ...] | None:
    return None if row is None else tuple(getattr(row, name) for name in names)


def _identify_rows(
    rows: Iterable[Row], label: Callable[[str], Hashable], key: Callable[[Row], Hashable]
) -> dict[tuple[Hashable, int], Row]:
    """Give each row its key; rows of one key are numbered in the order in which they stand in the file."""
    seen: Counter[Hashable] = Counter()
    found: dict[tuple[Hashable, int], Row] = {}
    for row in sorted(rows, key=lambda row: (row.filename, row.lineno or 0)):
        name = label(row.filename), key(row)
        found[name, seen[name]] = row
        seen[name] += 1
    return found


def _identify_line(line: Line) -> Hashable:
    return line.function, line.source or line.lineno


def _identify_function(function: Function) -> Hashable:
    return function.function


def _identify_group(group: ArrayGroup) -> Hashable:
    return group.function, group.text or group.lineno, group.name


def _rank_change(change: Change[Row]) -> tuple[object, ...]:
    """Return a sort key: the bytes at the peak first, then temporary, kept and total; equal changes by their place."""
    row = change.row
    figures = (
        ("nbytes",)
        if isinstance(row, ArrayGroup)  # type: ignore[redundant-expr]  # it is checked once for each kind of row
        else ("own_nbytes", "temporary_nbytes", "kept_nbytes", "total_nbytes")
    )
    sizes: tuple[int, ...] = tuple(-abs(change.difference(figure) or 0) for figure in figures)
    return (*sizes, row.filename, row.lineno or 0, row.function)


def _group_buffers(index: TraceIndex) -> tuple[ArrayGroup, ...]:
    sources = source_files(index)
    groups: dict[Hashable, list[LiveBuffer]] = {}
    for buffer in live_buffers(index):
        site, holder = buffer.site, buffer.holder
        key = (site.filename, site.lineno, site.function, buffer.expression, holder and holder.name)
        groups.setdefault(key, []).append(buffer)
    return tuple(_sum_group(members, sources) for members in groups.values())


def _sum_group(members: list[LiveBuffer], sources: SourceFiles) -> ArrayGroup:
    first = members[0]
    site = first.site
    return ArrayGroup(
        filename=site.filename,
        lineno=site.lineno,
        function=sources.name_function(site.filename, site.lineno, site.function),
        text=first.expression or sources.line(site.filename, site.lineno),
        name=first.holder.name if first.holder else None,
        nbytes=sum(member.nbytes for member in members),
        count=len(members),
    )

"""Two runs compared: by line, by function, by buffer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Generic, TypeVar

from .figures import Figures
from .functions import Function, function_table
from .lines import Line, line_table
from .live import live_buffers
from .sentence import file_name
from .sources import SourceFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from ndmem.model.trace import Trace

    from .live import LiveBuffer


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayGroup:
    """The large arrays alive at a run's peak that one expression made and one name held.

    Attributes
    ----------
    filename, lineno : str, int
        The user's line; 0 where the code has no line.
    function : str
        Its function.
    text : str or None
        The expression, or the line where that is not known; ``None`` where neither is.
    name : str or None
        The variable that held them; ``None`` where none was found.
    nbytes, count : int
        Bytes and number of them.
    """

    filename: str
    lineno: int
    function: str
    text: str | None
    name: str | None
    nbytes: int
    count: int


Row = TypeVar("Row", Line, Function, ArrayGroup)


@dataclass(frozen=True, slots=True)
class Change(Generic[Row]):
    """What is different between two runs in one line, one function or arrays of one kind.

    Attributes
    ----------
    before, after : Line, Function or ArrayGroup, or None
        Its figures in each run; ``None`` in the run that does not have it.
    """

    before: Row | None
    after: Row | None

    @property
    def row(self) -> Row:
        """The later one, or the one there is."""
        row = self.before if self.after is None else self.after
        assert row is not None
        return row

    def difference(self, figure: str) -> int | None:
        """Return how much a figure grew, in bytes; ``None`` where it is not known in a run that has the row."""
        found = [0 if row is None else getattr(row, figure) for row in (self.before, self.after)]
        return None if None in found else int(found[1] - found[0])


@dataclass(frozen=True, slots=True)
class Growth:
    """A figure of the whole program in two runs.

    Attributes
    ----------
    before, after : int or None
        Bytes; ``None`` where it was not measured.
    """

    before: int | None
    after: int | None

    @property
    def difference(self) -> int | None:
        """How much it grew, in bytes; ``None`` where one of the runs does not know it."""
        return None if self.before is None or self.after is None else self.after - self.before

    def exceeds(self, part: float) -> bool:
        """Say whether it grew by more than a part of what it was; from nothing to something always does."""
        difference = self.difference
        return difference is not None and difference > part * (self.before or 0)


@dataclass(frozen=True, slots=True)
class Diff:
    """What is different between two runs; what is the same in both is not in it.

    Attributes
    ----------
    peak, live, total : Growth
        Of arrays: the highest live bytes, those alive at the end, and those ever allocated.
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
        """Whether no figure is different."""
        totals = (self.peak, self.live, self.total, self.total_peak)
        return not (self.lines or self.functions or self.buffers) and all(each.before == each.after for each in totals)


def diff_traces(before: Trace, after: Trace, *, library: bool = False) -> Diff:
    """Compare two runs, measured or predicted.

    Parameters
    ----------
    before, after : Trace
        The runs.
    library : bool
        Compare the lines of libraries too; else they count for the user's that called them.

    Returns
    -------
    Diff
        A line is the same in both runs if its file, its function and its text are, whatever its number; of several
        such lines the first is the first one's, and so on. Where the text is not known its number has to be the same.

    Raises
    ------
    TraceError
        If a trace's call tree is damaged.
    """
    totals = (None if trace.total is None else trace.total.nbytes for trace in (before, after))
    lines = [line_table(trace, library=library) for trace in (before, after)]
    functions = [function_table(trace, library=library) for trace in (before, after)]
    return Diff(
        peak=Growth(before.peak.nbytes, after.peak.nbytes),
        live=Growth(before.live_nbytes, after.live_nbytes),
        total=Growth(before.total_nbytes, after.total_nbytes),
        total_peak=Growth(*totals),
        lines=_compare(*lines, key=_identify_line, figures=_FIGURES),
        functions=_compare(*functions, key=_identify_function, figures=_FIGURES),
        buffers=_compare(_group(before), _group(after), key=_identify_group, figures=("nbytes", "count")),
    )


# A share is of another whole in each run: two shares cannot be compared.
_FIGURES = tuple(field.name for field in fields(Figures) if field.name != "share")


def _compare(
    before: Iterable[Row], after: Iterable[Row], *, key: Callable[[Row], Hashable], figures: tuple[str, ...]
) -> tuple[Change[Row], ...]:
    """Pair the rows of two runs, and keep the pairs with different figures, the largest differences first."""
    olds: dict[tuple[Hashable, int], Row] = _number(before, key)
    news: dict[tuple[Hashable, int], Row] = _number(after, key)
    pairs = [Change(olds.get(name), news.get(name)) for name in dict.fromkeys([*news, *olds])]
    changed = [pair for pair in pairs if _figures(pair.before, figures) != _figures(pair.after, figures)]
    return tuple(sorted(changed, key=_weight))


def _figures(row: Row | None, names: tuple[str, ...]) -> tuple[object, ...] | None:
    return None if row is None else tuple(getattr(row, name) for name in names)


def _number(rows: Iterable[Row], key: Callable[[Row], Hashable]) -> dict[tuple[Hashable, int], Row]:
    """Give each row its identity; of several with one identity the order in the file tells them apart."""
    seen: Counter[Hashable] = Counter()
    found = {}
    for row in sorted(rows, key=lambda row: (row.filename, row.lineno or 0)):
        name = key(row)
        found[name, seen[name]] = row
        seen[name] += 1
    return found


# A path's last part: the two runs may be of two copies of the program.
def _identify_line(line: Line) -> Hashable:
    return file_name(line.filename), line.function, line.source or line.lineno


def _identify_function(function: Function) -> Hashable:
    return file_name(function.filename), function.function


def _identify_group(group: ArrayGroup) -> Hashable:
    return file_name(group.filename), group.function, group.text or group.lineno, group.name


def _weight(change: Change[Row]) -> tuple[object, ...]:
    """Order changes: by the peak, then by what else a reader looks for; equal ones by their place."""
    row = change.row
    figures = (
        ("nbytes",)
        if isinstance(row, ArrayGroup)
        else ("own_nbytes", "temporary_nbytes", "kept_nbytes", "total_nbytes")
    )
    sizes: tuple[int, ...] = tuple(-abs(change.difference(figure) or 0) for figure in figures)
    return (*sizes, row.filename, row.lineno or 0, row.function)


def _group(trace: Trace) -> tuple[ArrayGroup, ...]:
    """Sum the large arrays alive at the peak by what made and what held them."""
    sources = SourceFiles(trace.sources)
    groups: dict[Hashable, list[LiveBuffer]] = {}
    for buffer in live_buffers(trace):
        site, holder = buffer.site, buffer.holder
        key = (site.filename, site.lineno, site.function, buffer.expression, holder and holder.name)
        groups.setdefault(key, []).append(buffer)
    return tuple(_sum(members, sources) for members in groups.values())


def _sum(members: list[LiveBuffer], sources: SourceFiles) -> ArrayGroup:
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

"""Ranks of a job together: which one has most, how far they differ, which are missing, and their lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .figures import RankFigures, RankLine


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFigures:
    """Ranks of one machine.

    Attributes
    ----------
    host : str
        Its name.
    ranks : int
        Number of its ranks with a record.
    peak_nbytes : int
        Sum of their peaks, which need not be at one moment.
    rss_peak_nbytes : int or None
        Sum of their highest resident memories; ``None`` if one of them is unknown.
    """

    host: str
    ranks: int
    peak_nbytes: int
    rss_peak_nbytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLine:
    """Line of the program, over all ranks of a job.

    Attributes
    ----------
    filename, lineno, function, source
        As `Line` has them.
    max_nbytes, median_nbytes : int
        Bytes of the arrays that it allocated and that are live at a rank's peak: in the rank with most, and the median
        over all ranks, rounded down; a rank that did not run the line has 0.
    max_rank : int
        The rank with most; of several the first one.
    ranks : int
        Number of ranks in which it had any.
    native_max_nbytes : int
        The highest of its native bytes live at a rank's total peak.
    """

    filename: str
    lineno: int
    function: str
    source: str | None
    max_nbytes: int
    median_nbytes: int
    max_rank: int
    ranks: int
    native_max_nbytes: int


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Ranks of a parallel job.

    Attributes
    ----------
    ranks : tuple of RankFigures
        By number, each once; there is at least one.
    notes : tuple of str
        Sentences about files without figures, in alphabetical order.
    """

    ranks: tuple[RankFigures, ...]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str | None:
        """Identifies the job among others; ``None`` if that is unknown."""
        return self.ranks[0].rank.job

    @property
    def size(self) -> int | None:
        """Number of ranks that the job had; ``None`` if it is unknown."""
        return max((each.rank.size for each in self.ranks if each.rank.size is not None), default=None)

    @property
    def missing(self) -> tuple[int, ...]:
        """Ranks without a record, as far as the size is known."""
        known = {each.rank.number for each in self.ranks}
        return tuple(number for number in range(self.size or 0) if number not in known)

    @property
    def leader(self) -> RankFigures:
        """The rank with the highest memory that its lines can change; of several the first one."""
        return max(self.ranks, key=lambda each: (each.own_nbytes, -each.rank.number))

    @property
    def peak_nbytes_sum(self) -> int:
        """Sum of the ranks' peaks, which need not be at one moment."""
        return sum(each.peak_nbytes for each in self.ranks)

    @property
    def median_nbytes(self) -> int:
        """Median of the ranks' peaks, rounded down."""
        return find_median(each.peak_nbytes for each in self.ranks)

    def hosts(self) -> tuple[HostFigures, ...]:
        """Return the machines, that with most resident memory or else with the highest peaks first."""
        found: dict[str, list[RankFigures]] = {}
        for each in self.ranks:
            found.setdefault(each.rank.host, []).append(each)
        hosts = [_describe_host(host, ranks) for host, ranks in found.items()]
        return tuple(sorted(hosts, key=lambda each: (-(each.rss_peak_nbytes or 0), -each.peak_nbytes, each.host)))

    def lines(self) -> tuple[JobLine, ...]:
        """Return the lines that allocated what is live at the ranks' peaks, the highest of one rank first."""
        found: dict[tuple[str, int], list[tuple[int, RankLine]]] = {}
        for each in self.ranks:
            for line in each.lines:
                found.setdefault((line.filename, line.lineno), []).append((each.rank.number, line))
        lines = [_merge(same, len(self.ranks)) for same in found.values()]
        return tuple(sorted(lines, key=_importance))


def make_job(ranks: Iterable[RankFigures], notes: Iterable[str] = ()) -> Job:
    """Return a job of some ranks, in whatever order they are given; of one rank twice the record that began later."""
    known: dict[int, RankFigures] = {}
    for each in sorted(ranks, key=lambda each: (each.started, each.file)):
        known[each.rank.number] = each
    return Job(tuple(known[number] for number in sorted(known)), tuple(sorted(set(notes))))


def find_median(values: Iterable[int]) -> int:
    """Return the median of some values, rounded down."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) // 2


def _describe_host(host: str, ranks: Sequence[RankFigures]) -> HostFigures:
    known = [each.rss_peak_nbytes for each in ranks if each.rss_peak_nbytes is not None]
    return HostFigures(
        host=host,
        ranks=len(ranks),
        peak_nbytes=sum(each.peak_nbytes for each in ranks),
        rss_peak_nbytes=sum(known) if len(known) == len(ranks) else None,
    )


def _merge(same: list[tuple[int, RankLine]], ranks: int) -> JobLine:
    number, most = max(same, key=lambda each: (each[1].nbytes, each[1].native_nbytes, -each[0]))
    nbytes = [line.nbytes for _, line in same]
    return JobLine(
        filename=most.filename,
        lineno=most.lineno,
        function=most.function,
        source=next((line.source for _, line in same if line.source is not None), None),
        max_nbytes=most.nbytes,
        median_nbytes=find_median([*nbytes, *[0] * (ranks - len(nbytes))]),
        max_rank=number,
        ranks=len(same),
        native_max_nbytes=max(line.native_nbytes for _, line in same),
    )


def _importance(line: JobLine) -> tuple[int, int, int, str, int]:
    return -line.max_nbytes, -line.median_nbytes, -line.native_max_nbytes, line.filename, line.lineno

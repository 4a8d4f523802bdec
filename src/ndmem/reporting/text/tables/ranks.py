"""Tables of the ranks of a parallel job, and of their lines together, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.domains import WORTH_SHOWING
from ndmem.reporting.plain import plain
from ndmem.reporting.sentences.ranks import describe_end
from ndmem.units import format_nbytes

from .figure_columns import write_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from ndmem.analysis.ranks.figures import RankFigures
    from ndmem.analysis.ranks.job import Job, JobLine
    from ndmem.reporting.paths import FileNames

SMALL = 100
"""A line matters from this part of the highest peak on; the number is its denominator."""

LINES_NOTE = (
    "max, median: bytes that the line allocated and that are live at a rank's peak, in the rank with most and over all "
    "ranks; rank: the one with most; in: number of ranks that have any."
)


def make_rank_table(job: Job, names: FileNames, *, limit: int | None) -> Table:
    """Lay out the ranks of a job, the highest peak first.

    Parameters
    ----------
    job : Job
        The ranks.
    names : FileNames
        How files are named.
    limit : int or None
        Show at most this many; ``None`` for all.
    """
    from rich.text import Text

    several, native = len(job.hosts()) > 1, shows_native(job)
    headings = ["peak", *(["with native"] if native else []), "RSS", "kept", "rank"]
    table = _open(headings, "where")
    ranks = order_ranks(job)
    for each in ranks[:limit]:
        table.add_row(
            write_figure(each.peak_nbytes),
            *([write_figure(each.total_peak_nbytes)] if native else []),
            write_figure(each.rss_peak_nbytes),
            write_figure(each.live_nbytes_at_end),
            f"{each.rank.number:,}",
            describe_where(each, names, several=several),
        )
    left = ranks[len(ranks[:limit]) :]
    if left:
        peaks = f", {format_nbytes(left[0].peak_nbytes)} to {format_nbytes(min(each.peak_nbytes for each in left))}"
        table.add_row(*[""] * len(headings), Text(f"… and {len(left):,} more{peaks}", "dim"))
    return table


def order_ranks(job: Job) -> list[RankFigures]:
    """Return the ranks, that with most memory first."""
    return sorted(job.ranks, key=lambda each: (-each.own_nbytes, each.rank.number))


def describe_where(figures: RankFigures, names: FileNames, *, several: bool) -> str:
    """Write where a rank ran, if there are several machines, where it reached its peak, and how it ended."""
    site = figures.peak_site
    parts = [
        figures.rank.host if several else "",
        names.short_place(site.filename, site.lineno) if site is not None else "",
        f"{figures.processes:,} processes" if figures.processes > 1 else "",
        describe_end(figures),
    ]
    return plain(", ".join(filter(None, parts)))


def make_job_line_table(job: Job, names: FileNames, *, limit: int | None) -> Table | None:
    """Lay out the lines of all ranks; ``None`` if no line allocated what is live at a peak."""
    from rich.text import Text

    native = shows_native(job)
    lines = select_job_lines(job, native=native)
    if not lines:
        return None
    headings = ["max", "median", *(["native"] if native else []), "rank", "in"]
    places = [names.short_place(line.filename, line.lineno) for line in lines[:limit]]
    table = _open(headings, "line", least=max(map(len, places)))
    table.add_column("source", no_wrap=True, overflow="ellipsis")
    for line, place in zip(lines[:limit], places, strict=True):
        table.add_row(
            write_figure(line.max_nbytes),
            write_figure(line.median_nbytes),
            *([write_figure(line.native_max_nbytes)] if native else []),
            f"{line.max_rank:,}",
            f"{line.ranks:,}",
            place,
            plain(line.source or f"in {line.function}"),
        )
    left = len(lines) - len(lines[:limit])
    if left:
        table.add_row(*[""] * len(headings), Text(f"… and {left:,} more", "dim"), "")
    return table


def select_job_lines(job: Job, *, native: bool) -> tuple[JobLine, ...]:
    """Return the lines that matter in some rank."""
    whole = max(max(each.peak_nbytes, each.total_peak_nbytes or 0 if native else 0) for each in job.ranks)
    return tuple(
        line
        for line in job.lines()
        if line.filename and SMALL * max(line.max_nbytes, line.native_max_nbytes if native else 0) >= max(whole, 1)
    )


def shows_native(job: Job) -> bool:
    """Tell whether native memory of the ranks' own lines is worth a column."""
    return any(WORTH_SHOWING * _native_of_lines(each) >= (each.total_peak_nbytes or 0) > 0 for each in job.ranks)


def _native_of_lines(figures: RankFigures) -> int:
    return sum(line.native_nbytes for line in figures.lines if line.filename and not line.filename.startswith("<"))


def _open(headings: Sequence[str], last: str, *, least: int | None = None) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in headings:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column(last, overflow="fold", min_width=least)
    return table

"""The ranks of a parallel job on its page: a row for each, and the lines of all together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.reporting.plain import plain
from ndmem.reporting.sentences.ranks import ranks_sentences
from ndmem.reporting.text.tables.ranks import LINES_NOTE, describe_where, order_ranks, select_job_lines, shows_native

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.ranks.figures import RankFigures
    from ndmem.analysis.ranks.job import JobLine
    from ndmem.reporting.html.page_bounds import Limits
    from ndmem.reporting.paths import FileNames


@dataclass(frozen=True, slots=True)
class RankTables:
    """Tables of a job's ranks.

    Attributes
    ----------
    sentences : tuple of str
        What the ranks had, which are missing or failed, and which one the rest of the page is about.
    rows : tuple of (RankFigures, str)
        The ranks, the highest peak first, with where each ran and reached it.
    left_out : int
        Number of other ranks.
    lines : tuple of JobLine
        The lines that matter in some rank.
    lines_note : str
        What the columns of the lines mean.
    native : bool
        Whether native memory is worth a column.
    notes : tuple of str
        Sentences about files without figures.
    """

    sentences: tuple[str, ...]
    rows: tuple[tuple[RankFigures, str], ...]
    left_out: int
    lines: tuple[JobLine, ...]
    lines_note: str
    native: bool
    notes: tuple[str, ...]


def list_ranks(index: TraceIndex, names: FileNames, *, limits: Limits) -> RankTables | None:
    """List the ranks of a job; ``None`` if the run is not one of several."""
    job = index.job
    if job is None:
        return None
    ranks, native, several = order_ranks(job), shows_native(job), len(job.hosts()) > 1
    rest = f"All other sections of this page are about rank {job.leader.rank.number:,}"
    return RankTables(
        sentences=tuple(plain(f"{sentence}.") for sentence in (*ranks_sentences(job), rest)),
        rows=tuple((each, describe_where(each, names, several=several)) for each in ranks[: limits.lines]),
        left_out=len(ranks) - len(ranks[: limits.lines]),
        lines=select_job_lines(job, native=native)[: limits.lines],
        lines_note=LINES_NOTE,
        native=native,
        notes=tuple(map(plain, job.notes)),
    )

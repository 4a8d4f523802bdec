"""What a range of a run left behind, as text."""

from __future__ import annotations

from collections import Counter
from typing import IO, TYPE_CHECKING

from ndmem.analysis.over_time.left_over import find_left_over
from ndmem.reporting.paths import file_names
from ndmem.reporting.plain import plain
from ndmem.reporting.sentences.holder_words import describe_holder
from ndmem.reporting.sentences.not_leaked import not_leaked_sentences
from ndmem.units import format_nbytes

from .console import printing_to

if TYPE_CHECKING:
    from rich.table import Table

    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.over_time.left_over import LeftOver
    from ndmem.model.holder import Holder
    from ndmem.reporting.paths import FileNames

_MOST_HOLDERS = 2
_MOST_GROWING = 3


def write_left_over(
    index: TraceIndex,
    stream: IO[str],
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    rows: int | None = 20,
    width: int | None = None,
) -> None:
    """Write which arrays were allocated in a range of a run and are live at its end, by line.

    Parameters
    ----------
    index, stream
        As for `write_run`.
    start_s, end_s : float
        The range, in seconds since the start; to the end of the run if `end_s` is not given.
    rows : int or None
        Show at most this many lines; ``None`` for all.
    width : int or None
        Columns to fit into; those of the terminal, or 80, if not given.
    """
    found = find_left_over(index, start_s=start_s, end_s=end_s)
    lasted = index.trace.run.duration_s
    last = lasted if end_s is None else min(end_s, lasted)
    when = f"between {start_s:g} s and {last:.4g} s" if start_s or end_s is not None else "during the run"
    with printing_to(stream, width) as console:
        if start_s > lasted:
            console.print(f"The run lasted {lasted:.4g} s: nothing was allocated after {start_s:g} s.")
        elif found is None:
            console.print("Events were lost: which arrays were freed is unknown.")
        elif not found:
            console.print(f"Nothing that was allocated {when} is live at the end of that time.")
        else:
            nbytes, count = sum(row.nbytes for row in found), sum(row.count for row in found)
            arrays = f"{count:,} array{'' if count == 1 else 's'}"
            console.print(f"{format_nbytes(nbytes)} in {arrays}, allocated {when}, live at the end of that time.\n")
            names = file_names(index.trace.run)
            console.print(_make_table(found, names, limit=rows))
            for sentence in _name_growth(found, names):
                console.print(f"\n{sentence}", soft_wrap=False)
        if found is not None and end_s is None:
            for sentence in not_leaked_sentences(index):
                console.print(f"\n{sentence}", soft_wrap=False)


def _name_growth(found: tuple[LeftOver, ...], names: FileNames) -> list[str]:
    """Say of each of the first lines that leave more behind with each execution, how much that is."""
    growing = [row for row in found if row.grows and not row.is_garbage]
    sentences = []
    for row in growing[:_MOST_GROWING]:
        place = f"{names.name(row.site.filename)}:{row.site.lineno} `{row.expression or row.site.function}`"
        each = format_nbytes(row.nbytes // row.allocated)
        sentences.append(
            plain(f"Grows: {place} leaves {each} more behind with each execution ({row.allocated:,} so far).")
        )
    if len(growing) > _MOST_GROWING:
        sentences.append(f"{len(growing) - _MOST_GROWING:,} more lines grow.")
    return sentences


def _make_table(found: tuple[LeftOver, ...], names: FileNames, *, limit: int | None) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("nbytes", "live", "of", "age"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("allocated by", overflow="fold", ratio=3)
    table.add_column("kept by", overflow="fold", ratio=2)
    for row in found[:limit]:
        place = f"{names.name(row.site.filename)}:{row.site.lineno}"
        table.add_row(
            format_nbytes(row.nbytes),
            f"{row.count:,}",
            f"{row.allocated:,}",
            _write_age(row),
            plain(f"{place} {row.expression or 'in ' + row.site.function}"),
            plain(_write_holders(row.holders)),
        )
    if len(found) > len(found[:limit]):
        table.add_row("", "", "", "", f"… and {len(found) - len(found[:limit]):,} more lines", "")
    return table


def _write_age(row: LeftOver) -> str:
    oldest, newest = f"{row.oldest_s:.3g}", f"{row.newest_s:.3g}"
    return f"{oldest} s" if oldest == newest else f"{newest}-{oldest} s"


def _write_holders(holders: tuple[Holder, ...]) -> str:
    counts = Counter(describe_holder(holder.name) for holder in holders).most_common()
    words = ", ".join(name for name, _ in counts[:_MOST_HOLDERS])
    return f"{words}, …" if len(counts) > _MOST_HOLDERS else words

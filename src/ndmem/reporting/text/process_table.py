"""The processes of a run as text: who started whom, and what each had at its peak."""

from __future__ import annotations

import re
import shlex
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.analysis.sentence import matters
from ndmem.model.family import Begun
from ndmem.units import format_nbytes

from .figure_table import UNKNOWN
from .plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table

    from ndmem.analysis.processes import ProcessFigures, ProcessTree
    from ndmem.model.together import Together

    from .paths import FileNames

# So many processes of one kind from one parent are shown one by one.
_MOST_ALIKE = 4
_MOST_INDENT = 8
_FIGURES = ("peak", "then", "kept")


@dataclass(frozen=True, slots=True)
class _Row:
    """A process, or several that are alike."""

    members: tuple[ProcessFigures, ...]
    depth: int


def make_process_table(tree: ProcessTree, names: FileNames, *, limit: int | None) -> Table:
    """Lay out the processes of a run as a tree.

    Parameters
    ----------
    tree : ProcessTree
        The processes.
    names : FileNames
        How files are named.
    limit : int or None
        Show at most this many rows and count the others; ``None`` for all.
    """
    from rich.table import Table  # noqa: PLC0415  # costs 50 ms: only who renders pays
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    native = _shows_native(tree)
    for name in (*_FIGURES, *(["native"] if native else []), "pid"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("process", overflow="fold")
    rows = [*_fold(tree.processes)]
    for row in rows[:limit]:
        shared, count = row.members, len(row.members)
        most = max(shared, key=lambda each: each.peak_nbytes)
        table.add_row(
            ("to " if count > 1 else "") + _format(most.peak_nbytes),
            _format(sum(each.at_peak_nbytes for each in shared)),
            _format(sum(each.live_nbytes_at_end for each in shared)),
            *([_format_native(shared)] if native else []),
            f"{count:,} x" if count > 1 else str(most.pid),
            Text.assemble("  " * min(row.depth, _MOST_INDENT), *_tell(most, names, alone=count == 1)),
        )
    if limit is not None and len(rows) > limit:
        left = sum(len(row.members) for row in rows[limit:])
        table.add_row("", "", "", *([""] if native else []), "", Text(f"… and {left:,} more", "dim"))
    total = Text(_format(tree.peak_nbytes), "bold")
    table.add_row("", total, "", *([""] if native else []), "", Text("all", "bold"))
    return table


def _shows_native(tree: ProcessTree) -> bool:
    """Whether what a process had of native memory is worth a column: if three digits of its total show it."""
    return any(
        process.native_peak_nbytes
        and process.total_peak_nbytes
        and matters(process.native_peak_nbytes, process.total_peak_nbytes)
        for process in tree.processes
    )


def say_processes(tree: ProcessTree, file: str | None = None) -> str:
    """Say what all processes had together, and where the lines of the children are to be seen."""
    text = f"{sum_processes(tree)}. The lines above are the program's own"
    return f"{text}." if file is None else f"{text}; of a child: ndmem report {shlex.quote(file)}.children/PID.ndmem"


def sum_processes(tree: ProcessTree) -> str:
    """Say what all processes had together."""
    made, total = sum(process.peak_nbytes > 0 for process in tree.processes), tree.total_peak_nbytes
    others = len(tree.processes) - made
    sentences = []
    if made:
        sentences.append(
            f"{_count(made)} made arrays: {format_nbytes(tree.peak_nbytes)} in all at the highest, "
            f"{tree.peak_s:.3g} s after the start"
        )
    if others:
        sentences.append(f"{f'{others:,} more' if made else _count(others)} had native memory alone")
    if total and _shows_native(tree):
        sentences.append(f"With native memory all of them had {format_nbytes(total)} at the highest")
    return ". ".join(sentences)


def _count(processes: int) -> str:
    return f"{processes:,} process{'es' if processes > 1 else ''}"


def say_resident(together: Together | None, *, several: bool) -> str | None:
    """Say what a program and its children had in RAM together, with the pages that they share counted once.

    ``None`` where that is not known, or of no interest: of a child without a journal, such as a shell, nobody wants to
    know, unless there is shared memory, which is counted nowhere else.
    """
    if together is None or not (several or matters(together.shared_memory_nbytes or 0, together.nbytes)):
        return None
    kinds = ((together.shared_memory_nbytes, "shared memory"), (together.files_nbytes, "pages of files"))
    parts = [
        f"{format_nbytes(nbytes)} of it {kind}" for nbytes, kind in kinds if nbytes and matters(nbytes, together.nbytes)
    ]
    return (
        f"Resident memory of {together.processes:,} processes together, shared pages counted once: "
        f"{', '.join([format_nbytes(together.nbytes), *parts])}; what each has adds up to "
        f"{format_nbytes(together.separate_nbytes)}. This is the highest of {together.looks:,} "
        f"look{'s' if together.looks > 1 else ''}."
    )


def _format_native(members: Sequence[ProcessFigures]) -> str:
    known = [each.native_peak_nbytes for each in members if each.native_peak_nbytes is not None]
    return ("to " if len(members) > 1 else "") + _format(max(known)) if known else UNKNOWN


def _format(nbytes: int) -> str:
    return format_nbytes(nbytes) if nbytes else "-"


def _tell(process: ProcessFigures, names: FileNames, *, alone: bool) -> Iterator[str | tuple[str, str]]:
    """Say what a process, or all like it, was, where its peak was made, and how it ended."""
    label = plain(_label(process))
    yield label if alone else re.sub(r"\d+", "*", label)
    site = process.peak_site
    if site is not None:
        yield " at "
        yield names.short_place(site.filename, site.lineno), "cyan"
    if process.inherited_nbytes:
        yield f", shares {format_nbytes(process.inherited_nbytes)} of its parent's"
    yield _say_end(process)


def describe_process(process: ProcessFigures, names: FileNames) -> str:
    """Say in one line what a process was, where its peak was made, and how it ended."""
    return "".join(part if isinstance(part, str) else part[0] for part in _tell(process, names, alone=True))


def _label(process: ProcessFigures) -> str:
    if process.begun is Begun.PROGRAM:
        return " ".join(process.program) or "the program"
    if process.name:
        return process.name
    return "fork" if process.begun is Begun.FORK else f"python {' '.join(process.program)}"[:40]


def _say_end(process: ProcessFigures) -> str:
    if process.ended == "exec":
        return ", became another program"
    if process.exit_status is None:
        return ", still runs or was not waited for"
    if process.exit_status < 0:
        return f", killed by {_name_signal(-process.exit_status)}"
    return f", exit status {process.exit_status}" if process.exit_status else ""


def _name_signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _fold(processes: Sequence[ProcessFigures]) -> Iterator[_Row]:
    """Give a row for each process, and one for many that are alike and descend from one row; in the tree's order."""
    rows: dict[tuple[object, ...], list[ProcessFigures]] = {}
    above: list[tuple[object, ...]] = []
    kinds: dict[tuple[object, ...], int] = {}
    paths: list[tuple[tuple[object, ...], ProcessFigures]] = []
    for process in processes:
        del above[process.depth :]
        path = (*(above[-1] if above else ()), (process.begun, re.sub(r"\d+", "*", _label(process)), process.ended))
        kinds[path] = kinds.get(path, 0) + 1
        above.append(path)
        paths.append((path, process))
    for path, process in paths:
        key = path if kinds[path] > _MOST_ALIKE else (path, process.pid, process.started_s)
        rows.setdefault(key, []).append(process)
    for members in rows.values():
        yield _Row(tuple(members), members[0].depth)

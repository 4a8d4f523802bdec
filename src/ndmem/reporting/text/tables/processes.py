"""Processes of a run as text: a tree by parent, with the memory of each."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.platform.signal_names import name_signal
from ndmem.reporting.plain import plain
from ndmem.reporting.sentences.brevity import matters
from ndmem.reporting.sentences.process_name import name_process
from ndmem.units import format_nbytes

from .figure_columns import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table

    from ndmem.analysis.over_time.processes import ProcessFigures, ProcessTree
    from ndmem.model.together import Together
    from ndmem.reporting.paths import FileNames

# More processes of one kind from one parent than this share a row.
_MOST_ALIKE = 4
_MOST_INDENT = 8
_FIGURES = ("peak", "at the common peak", "kept")


@dataclass(frozen=True, slots=True)
class _Row:
    """One process, or several of one kind from one parent."""

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
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    native = _shows_native(tree)
    for name in (*_FIGURES, *(["native"] if native else []), "pid"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("process", overflow="fold")
    rows = [*_join_alike(tree.processes)]
    for row in rows[:limit]:
        shared, count = row.members, len(row.members)
        most = max(shared, key=lambda each: each.peak_nbytes)
        table.add_row(
            ("to " if count > 1 else "") + _format_nbytes(most.peak_nbytes),
            _format_nbytes(sum(each.at_peak_nbytes for each in shared)),
            _format_nbytes(sum(each.live_nbytes_at_end for each in shared)),
            *([_format_native(shared)] if native else []),
            f"{count:,} x" if count > 1 else str(most.pid),
            Text.assemble("  " * min(row.depth, _MOST_INDENT), *_describe_process(most, names, alone=count == 1)),
        )
    if limit is not None and len(rows) > limit:
        left = sum(len(row.members) for row in rows[limit:])
        table.add_row("", "", "", *([""] if native else []), "", Text(f"… and {left:,} more", "dim"))
    total = Text(_format_nbytes(tree.peak_nbytes), "bold")
    table.add_row("", total, "", *([""] if native else []), "", Text("all", "bold"))
    return table


def _shows_native(tree: ProcessTree) -> bool:
    # A column of native memory only if it changes the three digits of the total of some process.
    return any(
        process.native_peak_nbytes
        and process.total_peak_nbytes
        and matters(process.native_peak_nbytes, process.total_peak_nbytes)
        for process in tree.processes
    )


def processes_heading(tree: ProcessTree, file: str | None = None, *, merged: bool = False) -> str:
    """Write what all processes had together, whose lines are shown, and the command that shows those of a child."""
    whose = "of all processes together" if merged else "the program's own"
    text = f"{processes_sentence(tree)}. The lines above are {whose}"
    return f"{text}." if file is None else f"{text}; for a child: ndmem report {shlex.quote(file)}.children/PID.ndmem"


def processes_sentence(tree: ProcessTree) -> str:
    """Write what all processes had together."""
    allocating, total = sum(process.peak_nbytes > 0 for process in tree.processes), tree.total_peak_nbytes
    others = len(tree.processes) - allocating
    sentences = []
    if allocating:
        sentences.append(
            f"{_count_processes(allocating)} allocated arrays: {format_nbytes(tree.peak_nbytes)} together at the peak, "
            f"{tree.peak_s:.3g} s after the start"
        )
    if others:
        sentences.append(f"{f'{others:,} more' if allocating else _count_processes(others)} had only native memory")
    if total and _shows_native(tree):
        sentences.append(f"Including native memory, all processes together had at most {format_nbytes(total)}")
    return ". ".join(sentences)


def _count_processes(processes: int) -> str:
    return f"{processes:,} process{'es' if processes > 1 else ''}"


def resident_sentence(together: Together | None, *, several: bool) -> str | None:
    """Write what a program and its children had in RAM together, with shared pages counted once.

    ``None`` if it was not sampled, or if the program is the only recorded process: children without a journal, such as
    a shell, are omitted unless there is shared memory, which is counted nowhere else.
    """
    if together is None or not (several or matters(together.shared_memory_nbytes or 0, together.nbytes)):
        return None
    kinds = ((together.shared_memory_nbytes, "shared memory"), (together.files_nbytes, "pages of mapped files"))
    parts = [
        f"{format_nbytes(nbytes)} are {kind}" for nbytes, kind in kinds if nbytes and matters(nbytes, together.nbytes)
    ]
    shared = f" Of it {' and '.join(parts)}: no line of the tables has them." if parts else ""
    return (
        f"Resident memory of {together.processes:,} processes together, shared pages counted once: "
        f"{format_nbytes(together.nbytes)}; summed process by process: {format_nbytes(together.separate_nbytes)}; "
        f"highest of {together.looks:,} sample{'s' if together.looks > 1 else ''}.{shared}"
    )


def _format_native(members: Sequence[ProcessFigures]) -> str:
    known = [each.native_peak_nbytes for each in members if each.native_peak_nbytes is not None]
    return ("to " if len(members) > 1 else "") + _format_nbytes(max(known)) if known else UNKNOWN


def _format_nbytes(nbytes: int) -> str:
    return format_nbytes(nbytes) if nbytes else "-"


def _describe_process(process: ProcessFigures, names: FileNames, *, alone: bool) -> Iterator[str | tuple[str, str]]:
    """Yield the name of a process or of all of its kind, the line of its peak, and its end, with styles."""
    label = plain(name_process(process))
    yield label if alone else re.sub(r"\d+", "*", label)
    site = process.peak_site
    if site is not None:
        yield " at "
        yield names.short_place(site.filename, site.lineno), "cyan"
    if process.inherited_nbytes:
        yield f", shares {format_nbytes(process.inherited_nbytes)} with its parent"
    yield _describe_end(process)


def describe_process(process: ProcessFigures, names: FileNames) -> str:
    """Write a process in one line: its name, the line of its peak, and its end."""
    return "".join(part if isinstance(part, str) else part[0] for part in _describe_process(process, names, alone=True))


def _describe_end(process: ProcessFigures) -> str:
    if process.ended == "exec":
        return ", replaced by another program"
    if process.exit_status is None:
        return ", still running or not waited for"
    if process.exit_status < 0:
        return f", killed by {name_signal(-process.exit_status)}"
    return f", exit status {process.exit_status}" if process.exit_status else ""


def _join_alike(processes: Sequence[ProcessFigures]) -> Iterator[_Row]:
    """Yield a row for each process, but one for many of a kind below one row; in the order of the tree."""
    rows: dict[tuple[object, ...], list[ProcessFigures]] = {}
    above: list[tuple[object, ...]] = []
    kinds: dict[tuple[object, ...], int] = {}
    paths: list[tuple[tuple[object, ...], ProcessFigures]] = []
    for process in processes:
        del above[process.depth :]
        path = (
            *(above[-1] if above else ()),
            (process.begun, re.sub(r"\d+", "*", name_process(process)), process.ended),
        )
        kinds[path] = kinds.get(path, 0) + 1
        above.append(path)
        paths.append((path, process))
    for path, process in paths:
        key = path if kinds[path] > _MOST_ALIKE else (path, process.pid, process.started_s)
        rows.setdefault(key, []).append(process)
    for members in rows.values():
        yield _Row(tuple(members), members[0].depth)

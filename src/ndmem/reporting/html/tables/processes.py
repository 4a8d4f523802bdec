"""The processes of a run on its page: a row for each, and the lines of those with most memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.analysis.background import native_matters
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.over_time.processes import member_indexes, process_tree
from ndmem.analysis.tables.lines import line_table
from ndmem.reporting.plain import plain
from ndmem.reporting.sentences.answer import answer_sentence
from ndmem.reporting.text.tables.processes import describe_process, processes_sentence

if TYPE_CHECKING:
    from ndmem.analysis.over_time.processes import ProcessFigures
    from ndmem.analysis.tables.lines import Line
    from ndmem.reporting.html.page_bounds import Limits
    from ndmem.reporting.paths import FileNames


@dataclass(frozen=True, slots=True)
class ProcessPart:
    """What the page says about a child process, besides its row.

    Attributes
    ----------
    sentence : str
        Its answer.
    lines : tuple of Line
        Its lines with most memory.
    left_out : int
        Number of its other lines.
    native : bool
        Whether its native memory is worth a column.
    """

    sentence: str
    lines: tuple[Line, ...]
    left_out: int
    native: bool


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """One process.

    Attributes
    ----------
    number : int
        Number of the row.
    figures : ProcessFigures
        Its figures.
    text : str
        Its name, the line of its peak, and its end.
    parent : int or None
        Number of its parent's row; ``None`` if it has none.
    children : tuple of int
        Numbers of the rows of the processes that it started.
    part : ProcessPart or None
        ``None`` for the program, which the rest of the page is about, and for processes with little memory.
    anchor : str
        Id of what the page says about the process; empty if it has only the row.
    """

    number: int
    figures: ProcessFigures
    text: str
    parent: int | None
    children: tuple[int, ...]
    part: ProcessPart | None
    anchor: str


@dataclass(frozen=True, slots=True)
class ProcessTable:
    """Table of the processes, each below its parent.

    Attributes
    ----------
    sentence : str
        What all of them had together, and where the page says more about them.
    rows : tuple of ProcessRow
        The program first.
    """

    sentence: str
    rows: tuple[ProcessRow, ...]


def list_processes(index: TraceIndex, names: FileNames, *, limits: Limits) -> ProcessTable | None:
    """List the processes of a run; ``None`` if the program is the only one."""
    if len(index.family.members) < 2:
        return None
    tree = process_tree(index)
    parents, members = _find_parents(tree.processes), member_indexes(index)
    parts = _describe_largest(index, tree.processes, names, limits)
    anchors = {number: f"process-{number}-lines" for number in parts}
    rows = tuple(
        ProcessRow(
            number=number,
            figures=process,
            text=plain(describe_process(process, names)),
            parent=parents[number],
            children=tuple(child for child, parent in enumerate(parents) if parent == number),
            part=parts.get(number),
            anchor=anchors.get(number, "answer-title" if members[process.member] is index else ""),
        )
        for number, process in enumerate(tree.processes)
    )
    rest = "All sections of this page but Processes are about the program itself."
    return ProcessTable(plain(f"{processes_sentence(tree)}. {rest}"), rows)


def _find_parents(processes: tuple[ProcessFigures, ...]) -> list[int | None]:
    """Return the number of each process's parent in the order of the tree."""
    parents: list[int | None] = []
    known: dict[int | None, int] = {}
    for number, process in enumerate(processes):
        parents.append(known.get(process.parent))
        known[process.pid] = number  # the kernel may use a process id twice: a parent is the last one before
    return parents


def _describe_largest(
    index: TraceIndex, processes: tuple[ProcessFigures, ...], names: FileNames, limits: Limits
) -> dict[int, ProcessPart]:
    """Describe the child processes with most memory, by their numbers."""
    members = member_indexes(index)
    children = [number for number, process in enumerate(processes) if members[process.member] is not index]
    children.sort(key=lambda number: -max(processes[number].peak_nbytes, processes[number].total_peak_nbytes or 0))
    shown = children[: limits.processes]
    return {number: _describe_part(members[processes[number].member], names, limits) for number in shown}


def _describe_part(index: TraceIndex, names: FileNames, limits: Limits) -> ProcessPart:
    native = native_matters(index)
    # The index of a child has no family: the sentence is about this process.
    lines = [line for line in line_table(index) if native or line.count]
    shown = lines[: limits.process_lines]
    return ProcessPart(
        sentence=f"{plain(answer_sentence(index, name_file=names.name))}.",
        lines=tuple(shown),
        left_out=len(lines) - len(shown),
        native=native,
    )

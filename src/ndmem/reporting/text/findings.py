"""Findings as text: the place, what was seen, the fix as code, and what it saves."""

from __future__ import annotations

import shlex
from typing import IO, TYPE_CHECKING

from ndmem.reporting.paths import file_names
from ndmem.reporting.plain import plain, plain_source
from ndmem.reporting.sentences.ending import ending_sentence
from ndmem.reporting.sentences.finding import DEEPER, may_look_deeper, nothing_sentence, saving_sentence
from ndmem.reporting.sentences.not_leaked import not_leaked_beside
from ndmem.reporting.sentences.trial import trial_sentences

from .console import printing_to

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from ndmem.analysis.index import TraceIndex
    from ndmem.model.advice.finding import Finding
    from ndmem.reporting.paths import FileNames


def write_findings(
    index: TraceIndex,
    findings: Sequence[Finding],
    stream: IO[str],
    *,
    rows: int | None = None,
    width: int | None = None,
    file: str | None = None,
    folder: str | None = None,
) -> None:
    """Write findings, or that there are none.

    Parameters
    ----------
    index : TraceIndex
        The run.
    findings : sequence of Finding
        What was found in it.
    stream : text stream
        Destination.
    rows : int or None
        Write at most this many; ``None`` for all.
    width : int or None
        Columns to fit into; those of the terminal, or 80, if not given.
    file : str or None
        The trace's file, for the command that lists the others.
    folder : str or None
        Folder that files are named relative to; the working folder if not given.
    """
    from rich.text import Text

    names = file_names(index.trace.run, folder=folder)
    with printing_to(stream, width) as console:
        ending = ending_sentence(index, name_file=names.name)
        if ending:
            console.print(Text(f"{plain(ending)}.", "bold red"))
        if findings:
            print_findings(console, index, findings, names, rows=rows, file=file)
        else:
            console.print(nothing_sentence(index))
            if may_look_deeper(index):
                console.print(DEEPER)
        for sentence in not_leaked_beside(index, findings):
            console.print(sentence)


def print_findings(
    console: Console,
    index: TraceIndex,
    findings: Sequence[Finding],
    names: FileNames,
    *,
    rows: int | None,
    file: str | None,
) -> None:
    """Print findings on a console; the other arguments are those of `write_findings`."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    console.print(Text("What to change", "bold"))
    shown = findings if rows is None else findings[:rows]
    for number, finding in enumerate(shown, 1):
        place = names.place(finding.site.filename, finding.site.lineno)
        # In two columns, so that the lines of a long message are aligned.
        title = Table.grid(padding=(0, 1, 0, 0))
        title.add_row(f"{number}.", Text(f"{place}: {plain(finding.message)} ({finding.rule})"))
        console.print(title)
        for line in (finding.fix or "").splitlines():
            # A line of code is never wrapped, so that it can be pasted.
            console.print(Text(f"       {plain_source(line)}", "green"), soft_wrap=True)
        for sentence in (saving_sentence(index, finding, names), *trial_sentences(finding)):
            console.print(Padding(Text(plain(sentence)), (0, 0, 0, 3)))
    if len(findings) > len(shown):
        more = f"… {len(findings) - len(shown):,} more: {_ask_for_all(file)}"
        console.print(Text(more), soft_wrap=True)


def _ask_for_all(file: str | None) -> str:
    return "print(ndmem.advise(run))" if file is None else f"ndmem advise {plain(shlex.quote(file))}"

"""The program's source with the figures of each line beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.analysis.live import live_buffers
from ndmem.analysis.sources import SourceFiles
from ndmem.reporting.plain import plain_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ndmem.analysis.lines import Line
    from ndmem.model.site import Site
    from ndmem.model.trace import Trace
    from ndmem.reporting.paths import FileNames

_AROUND = 3
"""Lines shown before and after one that has figures."""

_MOST_FILES, _MOST_ROWS, _LONGEST = 20, 600, 500


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One line of a source file.

    Attributes
    ----------
    lineno : int
        Its number; 0 for lines that are left out, which ``left_out`` counts.
    before, marked, after : str
        Its text; ``marked`` is the expression that made its largest array at the peak.
    line : Line or None
        Its figures, if it made anything.
    anchor : str
        Its name on the page.
    left_out : int
        How many lines are not shown here.
    """

    lineno: int
    before: str = ""
    marked: str = ""
    after: str = ""
    line: Line | None = None
    anchor: str = ""
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class CodeFile:
    """A source file as it was when it ran.

    Attributes
    ----------
    name : str
        Its name.
    rows : tuple of CodeRow
        The lines that made something, and those around them.
    """

    name: str
    rows: tuple[CodeRow, ...]


def name_anchors(lines: Sequence[Line]) -> dict[tuple[str, int], str]:
    """Give each line of the table a name on the page that holds nothing of the program's."""
    return {(line.filename, line.lineno): f"line-{number}" for number, line in enumerate(lines)}


def show_code(trace: Trace, lines: Sequence[Line], names: FileNames) -> list[CodeFile]:
    """Return the source files of the lines that made something; none where the source is not known."""
    sources, anchors = SourceFiles(trace.sources), name_anchors(lines)
    largest: dict[tuple[str, int], Site] = {}
    for buffer in live_buffers(trace, limit=1000):
        largest.setdefault((buffer.site.filename, buffer.site.lineno), buffer.site)
    by_file: dict[str, dict[int, Line]] = {}
    for line in lines:
        if line.source is not None:
            by_file.setdefault(line.filename, {})[line.lineno] = line
    files = []
    for filename, known in list(by_file.items())[:_MOST_FILES]:
        texts = sources.lines(filename)
        rows = [
            CodeRow(0, left_out=left_out)
            if left_out
            else _show_line(
                texts[lineno - 1],
                lineno,
                known.get(lineno),
                largest.get((filename, lineno)),
                anchors.get((filename, lineno), ""),
            )
            for lineno, left_out in _choose(known, len(texts))
        ]
        files.append(CodeFile(names.name(filename), tuple(rows[:_MOST_ROWS])))
    return files


def _choose(known: dict[int, Line], count: int) -> Iterator[tuple[int, int]]:
    """Yield the numbers of the lines to show, and for a gap how many it leaves out."""
    wanted = {near for lineno in known for near in range(lineno - _AROUND, lineno + _AROUND + 1) if 1 <= near <= count}
    last = 0
    for lineno in sorted(wanted):
        if lineno > last + 1:
            yield 0, lineno - last - 1
        yield lineno, 0
        last = lineno
    if last < count:
        yield 0, count - last


def _show_line(text: str, lineno: int, line: Line | None, site: Site | None, anchor: str) -> CodeRow:
    """Cut a line at the expression that made its largest array."""
    text = text[:_LONGEST]
    encoded = text.encode("utf-8", "surrogatepass")
    begin, end = len(encoded), len(encoded)
    if site is not None and site.col is not None and site.end_col is not None:
        # Of an expression of several lines only the first is in this one.
        begin, end = site.col, site.end_col if site.end_lineno == lineno else len(encoded)
    # A column inside a character is of another source than the one that ran.
    parts = (
        plain_source(part.decode("utf-8", "replace")) for part in (encoded[:begin], encoded[begin:end], encoded[end:])
    )
    before, marked, after = parts
    return CodeRow(lineno, before, marked, after, line, anchor)

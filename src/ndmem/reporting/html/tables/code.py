"""Source of the program, with the figures of each line beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.analysis.live import live_buffers
from ndmem.analysis.tables.sources import source_files
from ndmem.reporting.plain import plain_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.tables.lines import Line
    from ndmem.model.site import Site
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
        Its number; 0 for a gap of ``left_out`` lines.
    before, marked, after : str
        Its text; ``marked`` is the expression that allocated its largest array at the peak.
    line : Line or None
        Its figures; ``None`` if it allocated nothing.
    anchor : str
        Its id on the page; empty if it has none.
    left_out : int
        Number of lines that are not shown here.
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
        The lines that allocated something, and those around them.
    """

    name: str
    rows: tuple[CodeRow, ...]


def name_anchors(lines: Sequence[Line]) -> dict[tuple[str, int], str]:
    """Return an id for each line of the table; it contains no text of the program, which could break the page."""
    return {(line.filename, line.lineno): f"line-{number}" for number, line in enumerate(lines)}


def show_code(index: TraceIndex, lines: Sequence[Line], names: FileNames) -> list[CodeFile]:
    """Return the source files of the lines that allocated something, except files whose source is unknown."""
    sources, anchors = source_files(index), name_anchors(lines)
    largest: dict[tuple[str, int], Site] = {}
    for buffer in live_buffers(index, limit=1000):
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
            else _cut_line(
                texts[lineno - 1],
                lineno,
                known.get(lineno),
                largest.get((filename, lineno)),
                anchors.get((filename, lineno), ""),
            )
            for lineno, left_out in _choose_lines(known, len(texts))
        ]
        files.append(CodeFile(names.name(filename), tuple(rows[:_MOST_ROWS])))
    return files


def _choose_lines(known: dict[int, Line], count: int) -> Iterator[tuple[int, int]]:
    """Yield the number of each line to show and 0, or for a gap 0 and the number of its lines."""
    wanted = {near for lineno in known for near in range(lineno - _AROUND, lineno + _AROUND + 1) if 1 <= near <= count}
    last = 0
    for lineno in [*sorted(wanted), count + 1]:
        left_out = lineno - last - 1
        if left_out == 1:  # it takes no more space than the words that say so
            yield lineno - 1, 0
        elif left_out:
            yield 0, left_out
        if lineno <= count:
            yield lineno, 0
        last = lineno


def _cut_line(text: str, lineno: int, line: Line | None, site: Site | None, anchor: str) -> CodeRow:
    """Cut a line at the expression that allocated its largest array."""
    text = text[:_LONGEST]
    encoded = text.encode("utf-8", "surrogatepass")
    begin, end = len(encoded), len(encoded)
    if site is not None and site.col is not None and site.end_col is not None:
        # Only the first line of an expression of several lines is in this row.
        begin, end = site.col, site.end_col if site.end_lineno == lineno else len(encoded)
    # A column can be inside a character, if the file was changed after it ran.
    parts = (
        plain_source(part.decode("utf-8", "replace")) for part in (encoded[:begin], encoded[begin:end], encoded[end:])
    )
    before, marked, after = parts
    return CodeRow(lineno, before, marked, after, line, anchor)

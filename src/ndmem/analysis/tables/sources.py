"""Source files of a trace: their lines, and the function of each line."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ndmem.analysis.index import fact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ndmem.analysis.index import TraceIndex

# Python counts only these as line ends; str.splitlines also splits at form feeds and U+2028.
_LINE_END = re.compile(r"\r\n|\r|\n")

ANONYMOUS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<lambda>"})
"""Code objects without a name of their own."""

_Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """Source files of a trace, each split into lines at its first use.

    Attributes
    ----------
    texts : mapping of str to str
        Text by filename, as ``Trace.sources``.
    """

    texts: Mapping[str, str]
    _lines: dict[str, list[str]] = field(default_factory=dict, repr=False, compare=False)
    _spans: dict[str, list[_Span]] = field(default_factory=dict, repr=False, compare=False)

    def lines(self, filename: str) -> list[str]:
        """Return all lines of a file without their ends; none if the source is unknown."""
        if filename not in self._lines:
            # A byte order mark is not part of line 1: Python's columns do not count it.
            text = self.texts.get(filename, "").removeprefix("\ufeff")
            self._lines[filename] = _LINE_END.split(text) if text else []
        return self._lines[filename]

    def line(self, filename: str, lineno: int) -> str | None:
        """Return the text of a line without the space around it; ``None`` if it is unknown."""
        lines = self.lines(filename)
        return lines[lineno - 1].strip() if 1 <= lineno <= len(lines) else None

    def name_function(self, filename: str, lineno: int, function: str) -> str:
        """Return the name to show for the code that ran at a line.

        Parameters
        ----------
        filename, lineno, function
            As a `Site` has them.

        Returns
        -------
        str
            ``function``; for a comprehension, a generator expression or a lambda the function around it, if the
            source is known.
        """
        if function not in ANONYMOUS or not 1 <= lineno <= len(self.lines(filename)):
            return function
        span = self.enclosing_def(filename, lineno)
        return "<module>" if span is None else span[2]

    def enclosing_def(self, filename: str, lineno: int) -> _Span | None:
        """Return first line, last line and name of the innermost function around a line, if any."""
        if filename not in self._spans:
            self._spans[filename] = _find_functions(self.texts.get(filename, ""))
        around = [span for span in self._spans[filename] if span[0] <= lineno <= span[1]]
        return max(around, default=None)


@fact
def source_files(index: TraceIndex) -> SourceFiles:
    """Return the source files of a trace."""
    return SourceFiles(index.trace.sources)


def _find_functions(text: str) -> list[_Span]:
    """Return first line, last line and name of each function in a source text; none if it does not parse."""
    try:
        with warnings.catch_warnings():
            # The user saw the warnings about invalid escapes when the program was compiled.
            warnings.simplefilter("ignore")
            tree = ast.parse(text.removeprefix("\ufeff"))
    # A file that was changed since the run may be no Python; a deeply nested one exhausts the parser's stack.
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [
        (node.lineno, node.end_lineno or node.lineno, node.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

"""What a program's source says about its lines: which statement a line belongs to, and which loop.

Bytecode knows lines and columns, not statements: a call over five lines has five line numbers, and is one
execution. Whether a buffer died within the statement that made it is asked of statements, so the source must
say where they begin.
"""

import ast
import warnings
from dataclasses import dataclass
from functools import lru_cache

_Span = tuple[tuple[int, int], tuple[int, int]]
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp)


@dataclass(frozen=True, slots=True)
class Statements:
    """Where the statements and the comprehensions of a source are.

    Attributes
    ----------
    first_line : dict of int to int
        For each line of a statement that has several, its first line. A compound statement ends with its
        header: the lines of an ``if`` are those of its condition.
    comprehensions : tuple of ((line, col), (line, col))
        Start and end of the outermost comprehensions that Python 3.12 and later run without a frame of
        their own; columns count UTF-8 bytes.
    """

    first_line: dict[int, int]
    comprehensions: tuple[_Span, ...]

    def statement(self, lineno: int) -> int:
        """Return the first line of the statement that the line belongs to."""
        return self.first_line.get(lineno, lineno)

    def loop(self, lineno: int, col: int | None) -> int:
        """Return the number of the comprehension around a place, -1 for none or an unknown column."""
        if col is None:
            return -1
        for number, (start, end) in enumerate(self.comprehensions):
            if start <= (lineno, col) < end:
                return number
        return -1


@lru_cache(maxsize=64)  # prediction assembles some thirty traces of the same files
def read_statements(source: str) -> Statements:
    """Find the statements of a source text; none in one that is not Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape was reported when the program compiled it
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Statements({}, ())
    first_line: dict[int, int] = {}
    comprehensions: list[_Span] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            for line in range(node.lineno + 1, _header_end(node) + 1):
                # Outer statements are walked first: the innermost one has the last word.
                first_line[line] = node.lineno
        elif isinstance(node, _COMPREHENSIONS) and node.end_lineno and node.end_col_offset is not None:
            span = ((node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset))
            if not any(start <= span[0] and span[1] <= end for start, end in comprehensions):
                comprehensions.append(span)
    return Statements(first_line, tuple(comprehensions))


def _header_end(node: ast.stmt) -> int:
    """Last line of a statement without the statements inside it."""
    if isinstance(node, ast.Match):
        return node.subject.end_lineno or node.lineno
    body: list[ast.stmt] = getattr(node, "body", [])
    if not body:
        return node.end_lineno or node.lineno
    decorators: list[ast.expr] = getattr(body[0], "decorator_list", [])
    return min([body[0].lineno, *(decorator.lineno for decorator in decorators)]) - 1

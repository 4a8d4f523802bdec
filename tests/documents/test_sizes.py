"""Files and functions stay short enough to be read at once."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.documents.documents import ROOT

_FOLDERS = ("src", "tests", "benchmarks", "docs", "examples")
_WRITTEN = {".py", ".pyi", ".c", ".h", ".js", ".css", ".html"}
MOST_OF_FILE, MOST_OF_FUNCTION = 300, 60


def _files(*suffixes: str) -> list[Path]:
    written = (path for name in _FOLDERS for path in (ROOT / name).rglob("*") if path.suffix in suffixes)
    return sorted(path for path in written if "gallery" not in path.parts)  # whose pages ndmem wrote


def find_long_functions(source: str) -> Iterator[tuple[str, int]]:
    """Yield name and lines of each function that is too long, from its ``def`` on: decorators hold data."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MOST_OF_FUNCTION:
                yield node.name, lines


def find_long_c_functions(source: str) -> Iterator[tuple[int, int]]:
    """Yield the line of its opening brace, and its lines, of each C function that is too long."""
    begun = 0
    for number, line in enumerate(source.splitlines(), 1):
        if line == "{":
            begun = number
        elif line == "}" and begun:
            # With the line above the brace, on which the function is declared.
            if number - begun + 2 > MOST_OF_FUNCTION:
                yield begun, number - begun + 2
            begun = 0


@pytest.mark.parametrize(("statements", "expected"), [(59, []), (60, [("f", 61)])])
def test_a_long_function_is_found(statements: int, expected: list[tuple[str, int]]) -> None:
    """A function of 60 lines is allowed, one of 61 is found, whatever decorates it, also inside a class."""
    source = "class A:\n    @decorate\n    async def f(self):\n" + "        pass\n" * statements
    assert [*find_long_functions(source)] == expected


@pytest.mark.parametrize(("statements", "expected"), [(57, []), (58, [(2, 61)])])
def test_a_long_c_function_is_found(statements: int, expected: list[tuple[int, int]]) -> None:
    """A C function of 60 lines, from its name to its brace, is allowed, and one of 61 is found."""
    assert [*find_long_c_functions("int f(void)\n{\n" + "    g();\n" * statements + "}\n")] == expected


def test_no_file_is_long() -> None:
    """No source file has more than 300 lines."""
    lines = {path: path.read_text("utf-8").count("\n") for path in _files(*_WRITTEN)}
    assert {str(path.relative_to(ROOT)): number for path, number in lines.items() if number > MOST_OF_FILE} == {}


def test_no_function_is_long() -> None:
    """No function has more than 60 lines, in Python or C."""
    python = {path: [*find_long_functions(path.read_text("utf-8"))] for path in _files(".py")}
    c = {path: [*find_long_c_functions(path.read_text("utf-8"))] for path in _files(".c", ".h")}
    assert {str(path.relative_to(ROOT)): found for path, found in (python | c).items() if found} == {}

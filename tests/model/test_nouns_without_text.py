"""The nouns are data: tables, pages and sentences are made of them elsewhere."""

import ast
from pathlib import Path

import pytest

import ndmem.model

MODEL = Path(ndmem.model.__path__[0])
FILES = sorted(MODEL.rglob("*.py"))
# The text of a spec is its notation, which `ndmem.spec` reads back.
_NOTATION = {"spec.py"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(MODEL)))
def test_a_noun_writes_no_text(file: Path) -> None:
    """No module of the model formats bytes or HTML, and no class in it prints itself."""
    tree = ast.parse(file.read_text("utf-8"))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for name in node.names}
    modules = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    printing = {
        method.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name in {"__str__", "__repr__", "_repr_html_", "__format__"}
    }
    assert not imported & {"format_nbytes", "escape"}
    assert not modules & {"html", "textwrap", "rich"}
    assert not printing or file.name in _NOTATION


def test_the_model_was_read() -> None:
    """The search above saw the nouns that once printed themselves."""
    assert {"weight.py", "live.py", "breakdown.py", "excess.py", "trace.py"} <= {file.name for file in FILES}

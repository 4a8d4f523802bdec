"""The text of sub-expressions."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndmem.analysis.tables.expression import expression_text
from ndmem.analysis.tables.sources import SourceFiles
from ndmem.model.site import Site


def text_of(source: str, lineno: int, col: int | None, end_col: int | None, end_lineno: int = 0) -> str | None:
    """Return the text at a place of a source."""
    site = Site("a.py", lineno, end_lineno or lineno, col, end_col, "f")
    return expression_text(SourceFiles({"a.py": source}), site)


def test_columns_count_bytes_of_utf_8() -> None:
    """Columns behind letters of several bytes are those of the encoded line."""
    source = "größe = a * b + c\n"
    assert text_of(source, 1, 10, 15) == "a * b"


def test_lines_end_where_python_says() -> None:
    """Form feeds and line separators inside a line do not shift the lines behind them."""
    assert text_of("x = '\u2028\x0c'\r\ny = a + b\r\n", 2, 4, 9) == "a + b"
    assert text_of("\ufeffx = a + b\n", 1, 4, 9) == "a + b"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("np.add(\n    a,  # first\n    b,\n)", "np.add(a, b,)"),
        ("a + \\\n   b", "a + b"),
        ("(a\n * b)", "(a * b)"),
        ("x\n .sum()", "x.sum()"),
        ("f(a)[\n  0\n]", "f(a)[0]"),
        ('f("""a\n b""")', 'f("""a\\n b""")'),
        ("f(a,\n  # only a remark\n  b)", "f(a, b)"),
    ],
)
def test_expressions_of_several_lines_become_one(source: str, expected: str) -> None:
    """Line ends, remarks and the space around them go; what the expression says stays."""
    lines = source.split("\n")
    assert text_of(source, 1, 0, len(lines[-1]), len(lines)) == expected


@pytest.mark.parametrize(
    "place",
    [(1, None, None, 1), (0, 0, 1, 0), (1, 0, 99, 1), (1, 99, 100, 1), (3, 0, 1, 3), (2, 0, 1, 1),
     (1, 5, 2, 1), (1, -3, 2, 1), (1, 5, 6, 1)],
)  # fmt: skip
def test_places_that_do_not_fit_the_source_have_no_text(
    place: tuple[int, int | None, int | None, int],
) -> None:
    """No columns, lines or columns outside the source, and a cut inside a letter give ``None``."""
    lineno, col, end_col, end_lineno = place
    assert text_of("a = 'é'\nb\n", lineno, col, end_col, end_lineno) is None


def test_unknown_source_has_no_text() -> None:
    """A file whose source is not in the trace gives ``None``."""
    assert expression_text(SourceFiles({}), Site("a.py", 1, 1, 0, 1, "f")) is None


def test_text_that_does_not_tokenize_is_joined() -> None:
    """Columns of a source that was changed since may cut anywhere; the text is still one line."""
    assert text_of("f('''a\n  b)", 1, 0, 3, 2) == "f('''a b"


@given(st.sampled_from(["a*b+c", "f(x , y)[1:2]", "[i\n for i in\n y]", "np.where(\n m>0,\n\ta,b)", "-(a\n-b)"]))
def test_one_line_means_the_same_as_several(source: str) -> None:
    """Joining the lines of an expression does not change what Python reads in it."""
    node = ast.parse(f"({source}\n)", mode="eval").body
    site = Site("a.py", node.lineno, node.end_lineno or 0, node.col_offset, node.end_col_offset, "f")
    text = expression_text(SourceFiles({"a.py": f"({source}\n)"}), site)
    assert text is not None
    assert "\n" not in text
    assert ast.dump(ast.parse(text, mode="eval").body) == ast.dump(node)

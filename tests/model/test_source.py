"""What the source says of its lines."""

import ast
import textwrap

from hypothesis import given
from hypothesis import strategies as st

from ndmem.model.source import read_statements

SOURCE = textwrap.dedent(
    """\
    def f(a,
          b=1):
        x = (a +
             b)
        if (a and
                b):
            return [i
                    for i in range(3)]
        y = 1
        return x
    """
)


def test_lines_of_one_statement_have_one_statement() -> None:
    """Each line belongs to the innermost statement around it, a compound one ending with its header."""
    found = read_statements(SOURCE)
    assert [found.statement(line) for line in range(1, 12)] == [1, 1, 3, 3, 5, 5, 7, 7, 9, 10, 11]


def test_comprehensions_are_loops_inside_a_statement() -> None:
    """A place inside a list comprehension has its number, one outside or without a column has none."""
    found = read_statements(SOURCE)
    assert found.loop(7, 16) == 0
    assert found.loop(8, 30) == 0
    assert found.loop(8, None) == -1
    assert found.loop(9, 4) == -1


def test_generator_expressions_are_no_loops_of_their_statement() -> None:
    """A generator expression always has a frame of its own."""
    assert read_statements("s = sum(i for i in r)").comprehensions == ()


def test_nested_comprehensions_are_the_outermost_one() -> None:
    """Python 3.12 runs nested comprehensions in one frame, so they are one loop."""
    assert len(read_statements("s = [[j for j in i] for i in r]").comprehensions) == 1


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    """No text makes reading fail, and what does not parse has no statements."""
    found = read_statements(text)
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        assert found.first_line == {}

"""Tests as Markdown, rendered by a reader of CommonMark with tables."""

import re

import pytest
from markdown_it import MarkdownIt

from ndmem.model.suite.figures import PeakArray, PeakLine, Suite, TestFigures
from ndmem.reporting.markdown.suite import MOST_CHARACTERS, write_heaviest, write_suite_changes

_TAGS = {
    "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "strong", "details", "summary", "ul", "li",
}  # fmt: skip
_EVIL = [
    "t.py::test[a|b]",
    "t.py::test[`code`]",
    "t.py::test[``]",
    "t.py::test[<script>alert(1)</script>]",
    "t.py::test[</details><img src=x>]",
    "t.py::test[@octocat #1 https://example.com www.example.com]",
    "t.py::test[a\n\n# Heading\n\n| x |\n]",
    "t.py::test[\x1b[31m\u202e]",
    "t.py::test[![x](http://example.com/x.png)]",
    "t.py::test[" + "x" * 5000 + "]",
    "t.py::test[\udcff]",
]


def render(text: str) -> str:
    """Return the text as HTML, as GitHub would make it: HTML in the text stays HTML."""
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(text)


def grown(name: str, *, by: int = 10, evil: str = "y = x + 1") -> tuple[Suite, Suite]:
    """Return two suites with one test that grew."""
    old = PeakLine(filename="m.py", lineno=1, function="f", source="x = 1", nbytes=100)
    new = PeakLine(filename=evil, lineno=2, function=evil, source=evil, nbytes=by)
    array = PeakArray(
        filename=evil, lineno=2, function=evil, expression=evil, name=evil, shape=(2, 3), dtype=evil, nbytes=by, count=1
    )
    return (
        Suite({name: TestFigures(100, 0, lines=(old,))}, "3.15.2", "2.5.5"),
        Suite({name: TestFigures(100 + by, 0, lines=(old, new), arrays=(array,))}, "3.15.2", "2.5.5"),
    )


def test_the_summary_is_first() -> None:
    """The first line has how many tests need more, the largest growth and its test; the row has line and array."""
    text = write_suite_changes(*grown("t.py::test_one"), share=0.05)
    assert text.splitlines()[0] == "### Array memory: 1 of 1 test needs more, at most +10 B (+10 %) in `t.py::test_one`"
    (row,) = [row for row in text.splitlines() if row.startswith("| `t.py")]
    assert row == (
        "| `t.py::test_one` | 100 B | 110 B | **+10 B (+10 %)** | new: `y = x + 1:2` `y = x + 1` +10 B |"
        " `y = x + 1` `(2, 3) y = x + 1` |"
    )
    assert "**+10" not in write_suite_changes(*grown("t.py::test_one"), share=0.1)


def test_nothing_changed_is_one_sentence() -> None:
    """Equal peaks have no table."""
    suite = Suite({"a": TestFigures(1, 0), "b": TestFigures(2, 0)})
    text = write_suite_changes(suite, suite)
    assert text.startswith("### Array memory: unchanged in all 2 tests\n\nBytes of NumPy arrays")
    assert "|" not in text


def test_less_is_said_too() -> None:
    """A test that needs less leads if none needs more."""
    text = write_suite_changes(Suite({"a": TestFigures(200, 0)}), Suite({"a": TestFigures(100, 0)}))
    assert text.splitlines()[0] == "### Array memory: 1 of 1 test needs less, at most -100 B (-50 %) in `a`"


@pytest.mark.parametrize("evil", _EVIL)
def test_no_text_of_a_program_becomes_markup(evil: str) -> None:
    """Names, files and sources with pipes, backticks, HTML, mentions and line ends stay code in their cell."""
    text = write_suite_changes(*grown(evil, evil=evil), share=0.0)
    html = render(text)
    assert set(re.findall(r"<([a-z0-9]+)", html)) <= _TAGS
    first = html[html.index("<tbody>") : html.index("</tbody>")]
    assert (first.count("<tr"), first.count("<td")) == (1, 6)
    outside = re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)
    assert not re.search(r"@|example|alert|Heading|xxx", outside)
    text.encode("utf-8")


def test_a_comment_has_a_maximum_size() -> None:
    """Thousands of tests with long names stay below GitHub's limit, and what is left out is counted."""
    names = [f"t.py::test_{'x' * 300}[{i}]" for i in range(3000)]
    pairs = [grown(name, by=i + 1, evil="`|" * 200) for i, name in enumerate(names)]
    before = Suite({name: suite.tests[name] for name, (suite, _) in zip(names, pairs, strict=True)})
    after = Suite({name: suite.tests[name] for name, (_, suite) in zip(names, pairs, strict=True)})
    text = write_suite_changes(before, after)
    assert len(text) <= MOST_CHARACTERS
    assert re.search(r"^[\d,]+ more tests changed, with smaller figures\.$", text, re.MULTILINE)
    assert re.search(
        r"^The lines of [\d,]+ more tests were left out: a comment has a maximum size\.$", text, re.MULTILINE
    )
    assert len(write_heaviest(after)) <= MOST_CHARACTERS


def test_another_numpy_is_said() -> None:
    """A change of NumPy between the runs explains other peaks."""
    text = write_suite_changes(Suite({}, "3.14.1", "2.4.6"), Suite({}, "3.14.1", "2.5.5"))
    assert "none of the tests can be compared" in text
    assert "Python `3.14.1`. NumPy `2.4.6`, now `2.5.5`." in text


def test_the_heaviest_tests_are_listed_without_a_baseline() -> None:
    """The heaviest comes first, with its largest line."""
    _, suite = grown("t.py::test_one")
    text = write_heaviest(suite)
    assert text.splitlines()[0] == "### Array memory of 1 test: at most 110 B, in `t.py::test_one`"
    assert "| 110 B | 0 B | `t.py::test_one` | `m.py:1` `x = 1` |" in text

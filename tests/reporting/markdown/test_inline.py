"""Texts in Markdown, as a renderer of CommonMark with tables reads them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ndmem.reporting.markdown.blocks import Align, fold, write_table
from ndmem.reporting.markdown.inline import code_span, prose
from ndmem.reporting.plain import plain

markdown_it = pytest.importorskip("markdown_it")
RENDERER = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"])

ANY = st.text(st.sampled_from("ab `|\\*_<>[]()#@!~&$:-+=1.\n\u202e\x1b"), max_size=30) | st.text(max_size=30)


def inline(markdown: str) -> list[tuple[str, str]]:
    """Return the kinds and texts of a paragraph's pieces; anything but one paragraph fails."""
    tokens = RENDERER.parse(markdown)
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    return [(child.type, child.content) for child in tokens[1].children]


def cells(markdown: str) -> list[list[list[tuple[str, str]]]]:
    """Return the pieces of each cell of a table."""
    rows: list[list[list[tuple[str, str]]]] = []
    for token in RENDERER.parse(markdown):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append([(child.type, child.content) for child in token.children])
    return rows


@given(ANY)
@example("`")
@example("``a`")
@example(" a")
def test_any_text_is_one_piece_of_code(text: str) -> None:
    """A code span shows exactly the printable text, whatever that is."""
    shown = plain(text)
    if not shown.strip():
        assert code_span(text) == ""
    else:
        assert inline(f"x {code_span(text)}") == [("text", "x "), ("code_inline", shown)]


@given(st.lists(ANY, min_size=2, max_size=3))
@example(["a|b", "a\\|b"])
@example(["`|", "\\"])
def test_no_text_ends_its_cell(texts: list[str]) -> None:
    """A row of texts of the program is a row of as many cells, each with its text."""
    columns = [(f"c{number}", Align.LEFT) for number in range(len(texts))]
    _, row = cells(write_table(columns, [[code_span(text) for text in texts]]))
    shown = [plain(text) for text in texts]
    assert row == [[("code_inline", text)] if text.strip() else [] for text in shown]


@given(ANY)
@example("a `b`@c d")
@example("see `x[1]` at my_file.py:3, `f`, and `g`")
@example("* a")
@example("1. a")
def test_prose_has_only_words_and_code(text: str) -> None:
    """No word of a sentence becomes markup or HTML, and no character that GitHub interprets is outside code."""
    written = prose(text)
    if not written.strip():
        return
    pieces = inline(written)
    assert {kind for kind, _ in pieces} <= {"text", "code_inline"}
    outside = "".join(content for kind, content in pieces if kind == "text")
    assert not set(outside) & set("@#<>$*_~|\\")


def test_words_that_github_interprets_become_code() -> None:
    """Mentions, issues, hashes of commits, addresses and emoji are code; figures and plain words are not."""
    words = "by @ada in #12, GH-3, ada/x#4, www.x.org, http://x.org, abcdef1234 :tada: 1234567 bytes"
    assert prose(words) == (
        "by `@ada` in `#12`, `GH-3`, `ada/x#4`, `www.x.org`, `http://x.org`, `abcdef1234` `:tada:` 1234567 bytes"
    )


def test_a_table_is_aligned_and_nothing_without_rows() -> None:
    """Figures are right; a table without rows is not written."""
    table = write_table([("peak", Align.RIGHT), ("line", Align.LEFT)], [["5 MiB", code_span("a.py:3")]])
    assert table == "| peak | line |\n| --: | :-- |\n| 5 MiB | `a.py:3` |"
    assert write_table([("peak", Align.RIGHT)], []) == ""


def test_what_is_folded_is_markdown_again() -> None:
    """The body of a folded part is read as Markdown, its summary is text."""
    kinds = [token.type for token in RENDERER.parse(fold("all <lines>", "| a |\n| :-- |\n| b |"))]
    assert "table_open" in kinds
    assert "<summary>all &lt;lines&gt;</summary>" in fold("all <lines>", "")

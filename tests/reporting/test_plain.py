"""Text of unknown origin."""

import io
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.traces import ROOTS, TraceBuilder

from ndmem.reporting.paths import FileNames, file_names
from ndmem.reporting.plain import encodable, plain

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT)
def test_nothing_that_steers_a_terminal_is_left(text: str) -> None:
    """For any text the result prints in one line, whatever it began with, and is its own plain form."""
    shown = plain(text)
    assert all(character.isprintable() for character in shown)
    assert plain(shown) == shown


@given(st.text(st.characters(categories=["L", "N", "P"])))
def test_words_stay_as_they_are(text: str) -> None:
    """Letters, digits and punctuation of any script are not touched."""
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\tb\n c", "a b c"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\udc80", "\\udc80"),
        ("\u202e", "\\u202e"),
        ("a\u00a0b", "a b"),
        ("", ""),
    ],
)
def test_what_is_written_instead(text: str, expected: str) -> None:
    """White space becomes one space, the rest an escape that says what it was."""
    assert plain(text) == expected


@given(ANY_TEXT, st.sampled_from(["ascii", "latin-1", "utf-8", "cp1252"]))
def test_any_stream_can_take_it(text: str, encoding: str) -> None:
    """Whatever the encoding of a stream, writing does not fail; what fits is not changed."""
    written = encodable(text, encoding)
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    stream.write(written)
    stream.flush()
    if not any(unicodedata.category(c) == "Cs" for c in text) and encoding == "utf-8":
        assert written == text


def test_an_ellipsis_in_ascii_keeps_its_width() -> None:
    """Where a terminal has no ellipsis, one character stands for it: columns stay aligned."""
    assert encodable("a…b é", "ascii") == "a~b \\xe9"
    assert encodable("a…", None) == encodable("a…", "no such encoding") == "a…"


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("/job/a.py", "a.py"),
        ("/job/venv/site-packages/pandas/z.py", "pandas/z.py"),
        ("/home/ada/sub/b.py", "sub/b.py"),
        (ROOTS[1] + "/numpy/x.py", "numpy/x.py"),
        (ROOTS[0] + "/json/y.py", "json/y.py"),
        ("/jobs/a.py", "/jobs/a.py"),
        ("<string>", "<string>"),
        ("C:\\w\\a.py", "C:\\w\\a.py"),
        ("", "<no file>"),
    ],
)
def test_files_are_named_by_the_nearest_folder(filename: str, expected: str) -> None:
    """The working folder's files, the program's, then those of libraries lose what is the same for all."""
    run = TraceBuilder().build(program=("/home/ada/pipeline.py", "-v")).run
    run = replace(run, library_roots=(*run.library_roots, "/job/venv/site-packages"))
    assert file_names(run, folder="/job").name(filename) == expected


def test_a_place_without_line_is_a_file() -> None:
    """Where a line is not known, none is written."""
    names = FileNames(())
    assert (names.place("a.py", 3), names.place("a.py", 0), names.place("", 3)) == (
        "a.py:3",
        "a.py",
        "<no file>",
    )


def test_of_a_long_path_the_end_is_shown() -> None:
    """In a table a long path keeps its file and line, and says that its beginning is cut."""
    names = FileNames(())
    shown = names.short_place("/data/" + "very/" * 10 + "deep.py", 12)
    assert shown == "…ery/very/very/very/deep.py:12"
    assert names.short_place("/data/deep.py", None) == "/data/deep.py"

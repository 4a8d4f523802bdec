"""What the public objects show of themselves: one line in a shell, a table in a notebook."""

from collections.abc import Callable
from html.parser import HTMLParser

import numpy as np
import pytest

import ndmem
from ndmem.model.memory.live import ArrayBuffer
from ndmem.platform.limits.machine_limits import Effect, Limit, Source
from ndmem.reporting.html.fragment import Column, write_fragment, write_table
from ndmem.results.live_arrays import LiveArrays
from ndmem.results.memory_limits import Limits

_MIB = 2**20
_RAM = Limit(Source.RAM, "the machine's RAM", 4096 * _MIB, 1024 * _MIB, 3072 * _MIB, Effect.KILLED)
LIMITS = Limits((_RAM,))


def _track(length: int) -> ndmem.TrackedRun:
    with ndmem.track() as run:
        kept = np.empty(length * _MIB, np.uint8)
        np.empty(_MIB, np.uint8)
    assert kept.size
    return run


def _buffer(**more: object) -> ArrayBuffer:
    known = {"nbytes": 3 * _MIB, "shape": (3, _MIB), "dtype": "uint8", "order": "C", "names": ("<b>", "b", "c", "d")}
    rest = {"n_views": 0, "span": 3 * _MIB, "pinned": 0, "history": False, "site": None}
    return ArrayBuffer(**{**known, **rest, **more})  # type: ignore[arg-type]  # a dict has one type for all values


SHOWN: dict[str, tuple[Callable[[], object], str]] = {
    "a tracked run": (lambda: _track(2), "<ndmem.TrackedRun stopped, peak 3 MiB, live 2 MiB>"),
    "a run": (lambda: ndmem.Run(_track(2).trace), "<ndmem.Run peak 3 MiB, live 2 MiB>"),
    "a comparison": (
        lambda: ndmem.diff(_track(2), _track(3)),
        "<ndmem.Comparison peak 3 MiB, then 4 MiB: 1 MiB more (+33.3 %)>",
    ),
    "limits": (lambda: LIMITS, "<ndmem.Limits 3 GiB free of 4 GiB (RAM)>"),
    "no limits": (lambda: Limits(()), "<ndmem.Limits no memory limit could be determined>"),
    "a fit": (
        lambda: ndmem.fits("1 GiB", within=LIMITS, headroom=0),
        "<ndmem.Fit fits: needs 1 GiB; this machine may use 3 GiB more>",
    ),
    "no fit": (
        lambda: ndmem.fits("4 GiB", within=LIMITS, headroom=0),
        "<ndmem.Fit does not fit: needs 4 GiB; this machine may use 3 GiB more>",
    ),
    "an array": (lambda: LiveArrays((_buffer(),)), "<ndmem.LiveArrays 1 array buffer, 3 MiB>"),
    "no arrays": (lambda: LiveArrays(()), "<ndmem.LiveArrays 0 array buffers, 0 B>"),
}


class _Reader(HTMLParser):
    """Collects cells and sentences, and checks that tags close in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open

    # The parser calls these; their names are its own.
    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Begin a text at a cell or a sentence."""
        self._open.append(tag)
        self.texts += [""] if tag in {"td", "th", "p"} else []

    def handle_endtag(self, tag: str) -> None:
        """Check that the innermost tag closes first."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Add to the text."""
        self.texts[-1] += data


@pytest.mark.parametrize("what", SHOWN)
def test_a_repr_is_one_line_with_units(what: str) -> None:
    """A shell shows each object in one line, bytes with their unit."""
    make, text = SHOWN[what]
    assert repr(make()) == text


@pytest.mark.parametrize("what", SHOWN)
def test_a_notebook_shows_one_style(what: str) -> None:
    """The HTML of each object is one fragment of the common style: well formed, and with nothing that runs."""
    html = SHOWN[what][0]()._repr_html_()  # type: ignore[attr-defined]  # what a notebook calls
    assert html.startswith('<div class="ndmem"><p><strong>')
    assert "<script" not in html
    assert _Reader(html.partition("<details>")[0]).texts


def test_the_table_of_arrays_has_the_names_and_what_is_remarkable() -> None:
    """Each buffer has a row with at most three names; columns without content are left out."""
    found = LiveArrays((_buffer(n_views=2, history=True), _buffer(shape=None, names=())))
    assert _Reader(found._repr_html_()).texts == [
        "2 array buffers, 6 MiB.",
        "nbytes", "array", "held by", "",
        "3 MiB", "uint8 (3, 1048576)", "<b>, b, c and 1 more", "2 views; kept only by the output history",
        "3 MiB", "unknown", "(holder unknown)", "",
    ]  # fmt: skip


def test_many_arrays_end_with_a_sum() -> None:
    """Beyond 25 rows the others are one row, with their number and their bytes."""
    texts = _Reader(LiveArrays((_buffer(),) * 30)._repr_html_()).texts
    assert texts.count("3 MiB") == 25
    assert texts[-3:-1] == ["15 MiB", "in 5 smaller buffers"]


def test_a_fragment_escapes_and_keeps_indentation() -> None:
    """Markup in a cell is text, code keeps its spaces, and spaces in front of a text become an indent."""
    html = write_fragment(
        write_table([("<i>", Column.TEXT), ("", Column.CODE)], [["    <b>", "  x = 1 &"]]),
        headline=["<u>", "more"],
        remarks=["&"],
    )
    assert ">  x = 1 &amp;</code>" in html
    assert "padding-left:3.5em" in html
    assert _Reader(html).texts == ["<u>", "more", "<i>", "", "<b>", "  x = 1 &", "&"]
    assert write_table([("a", Column.TEXT)], []) == ""

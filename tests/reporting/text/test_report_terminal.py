"""The report on any terminal: hostile text, colours, encodings, charts."""

import io
import re

import pytest
from rich.cells import cell_len
from tests.reporting.samples import hostile, pipeline
from tests.reporting.text.report_text import render

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.moment import Moment
from ndmem.reporting.text.report import write_text
from ndmem.reporting.view import By, View


@pytest.mark.parametrize("by", By)
@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("width", [1, 60, 80, 120, 400])
def test_hostile_text_stays_in_its_place(by: By, moment: Moment, width: int) -> None:
    """Names, paths, sources and notes that hold escapes, markup or line ends are shown, never obeyed."""
    text = render(hostile(), by=by, moment=moment, width=width, file="a\x1b[2J.ndmem", library=True)
    assert all(line.isprintable() for line in text.split("\n"))
    # The escapes that are written instead: always in the note, in a path only if its end shows them.
    assert "[red]\\x1b[31m\\x07" in text
    assert width < 80 or "\\x9b2J ;<b> .py" in text
    for line in text.split("\n")[:-2]:
        assert cell_len(line) <= max(width, 60)


def test_colour_only_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal gets colours, unless NO_COLOR is set; a pipe never does."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal()
    write_text(TraceIndex(pipeline()), terminal, view=View(width=80))
    assert "\x1b[36m" in terminal.getvalue()
    assert "\x1b" not in render(pipeline())
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    write_text(TraceIndex(pipeline()), plain, view=View(width=80))
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", plain.getvalue())


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_terminal_can_show_it(encoding: str) -> None:
    """A stream that knows only ASCII gets the whole report."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    write_text(TraceIndex(hostile()), stream, view=View(width=80))
    stream.flush()
    assert b"Peak 8 MiB: 5 MiB is one array allocated at" in stream.buffer.getvalue()  # type: ignore[attr-defined]  # a BytesIO


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_a_terminal_gets_a_chart_and_a_file_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The timeline is drawn on a terminal: its highest block is the peak, at the time of the peak."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()
    write_text(TraceIndex(pipeline()), terminal, view=View(width=40), folder="/home/ada")
    chart = next(line for line in terminal.getvalue().splitlines() if "█" in line)
    bars, ends = chart.split("  0 B to ")
    assert ends == "601 MiB over 1.5 s"
    # 0.1 s: 200 MiB of 601; from 0.4 to 0.5 s: the peak; then 401 MiB, and 400 from 0.6 s on.
    assert len(bars.strip()) <= 40
    assert bars.lstrip()[0] == "▃"
    assert bars.rstrip()[-1] == "▅"
    assert "█" not in render(pipeline())

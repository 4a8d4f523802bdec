"""The view of a running program."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from tests.random_traces import traces
from tests.reporting.samples import hostile, pipeline

from ndmem.model.ending import Ending
from ndmem.model.live_frame import LiveFrame
from ndmem.model.trace import Trace
from ndmem.reporting.text.live_view import draw_chart, make_frame


def render(trace: Trace, *, width: int = 80, height: int | None = 24, rss: int | None = None) -> list[str]:
    """Return the rows of a frame."""
    stream = io.StringIO()
    console = Console(file=stream, width=width, markup=False, emoji=False, highlight=False)
    frame = LiveFrame(trace, [5, 10] * (width // 2), rss)
    console.print(make_frame(frame, width=width, height=height, footer="q: quit"))
    return stream.getvalue().removesuffix("\n").split("\n")


def test_a_frame_shows_program_figures_lines_and_arrays() -> None:
    """A frame has the state, live bytes and peak, resident memory, the allocating lines, and the largest arrays."""
    rows = [row.rstrip() for row in render(pipeline(exit_status=None, ending=Ending.RUNNING), rss=2**30)]
    assert rows[0] == "running, 1.5 s, process 4242: /home/ada/pipeline.py"
    assert rows[1] == "live 400 MiB   peak 601 MiB at pipeline.py:5   process 1 GiB"
    table = rows.index("    live  share  allocated by")
    assert rows[table + 1 : table + 4] == [
        " 200 MiB    50%  pipeline.py:5 return (x - mean) / x.std(axis=0)",
        " 200 MiB    50%  pipeline.py:7 raw = np.arange(26_214_400.0)",
        "7.81 KiB    <1%  pipeline.py:9 labels = [np.array([i]) for i in range(1000)]",
    ]
    assert any(row.startswith(" 200 MiB  pipeline.py:7 np.arange(26_2") and "raw, x (26214400,)" in row for row in rows)
    assert rows[-1] == "q: quit"


@pytest.mark.parametrize(
    ("how", "title"),
    [
        ({"exit_status": -9}, "killed by SIGKILL, 1.5 s"),
        ({"exit_status": 3}, "ended, exit status 3, 1.5 s"),
        ({"exit_status": None, "ending": Ending.LOST}, "ended unexpectedly (no exit record), 1.5 s"),
        ({"exit_status": None}, "saved, 1.5 s"),
    ],
)
def test_a_frame_says_how_the_program_ended(how: dict[str, object], title: str) -> None:
    """The title is the ending; what is not known of the process is a question mark."""
    rows = render(pipeline(**how))
    assert rows[0].startswith(title)
    assert rows[1].rstrip().endswith("process ?")


@given(trace=traces(), width=st.integers(60, 200), height=st.integers(24, 60))
def test_a_frame_fits(trace: Trace, width: int, height: int) -> None:
    """A frame has at most the rows and columns of the terminal."""
    rows = render(trace, width=width, height=height)
    assert len(rows) <= height
    assert max(map(cell_len, rows)) <= width


def test_hostile_names_steer_no_terminal() -> None:
    """What a program calls itself, its files and its arrays is printed harmless."""
    text = "\n".join(render(hostile()))
    assert all(character.isprintable() or character == "\n" for character in text)


def test_the_chart_by_hand() -> None:
    """Heights are eighths of rows; zero is empty, and every value above zero is visible."""
    assert draw_chart([0, 0], rows=2) == "  \n  "
    # Of 16 eighths: 100 is 16, 75 is 12, 50 is 8, 25 is 4, 1 is at least 1, 0 is none.
    assert draw_chart([100, 75, 50, 25, 1, 0], rows=2) == "█▄    \n███▄▁ "
    assert draw_chart([], rows=1) == ""

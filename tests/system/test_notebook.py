"""Tracking in a real IPython shell: the cell's own lines with their source, as text and as HTML."""

import io
from collections.abc import Iterator
from typing import Any

import pytest

import ndmem

shells = pytest.importorskip("IPython.core.interactiveshell")

CELL = """\
import numpy as np
import ndmem
with ndmem.track() as run:
    big = np.zeros(100_000)
    small = big[:10] * 2  # <b>
run
"""


@pytest.fixture
def shell() -> Iterator[Any]:
    """An IPython shell that keeps no history."""
    config = pytest.importorskip("traitlets.config").Config()
    config.HistoryManager.enabled = False
    yield shells.InteractiveShell(config=config)
    shells.InteractiveShell.clear_instance()


def test_a_cell_shows_its_lines(shell: Any) -> None:
    """The last value of a cell is shown as the line table: the cell's lines, their source, escaped."""
    done = shell.run_cell(CELL)
    done.raise_error()
    data, _ = shell.display_formatter.format(done.result)
    page = data["text/html"]
    assert "781 KiB" in page
    assert "big = np.zeros(100_000)" in page
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert "<script" not in page
    assert "TrackedRun stopped" in data["text/plain"]


def test_lines_of_a_cell_are_its_own(shell: Any) -> None:
    """Lines of a cell have the figures and the source of that cell, also when a later cell is like it."""
    for length in (100_000, 50_000):
        done = shell.run_cell(CELL.replace("100_000", str(length)))
        done.raise_error()
        assert done.result.peak == length * 8 + 80 + 8  # the factor 2 is an array of 8 bytes for a moment
        first = done.result.lines()[0]
        assert (first.lineno, first.source.strip()) == (4, f"big = np.zeros({length})")
        out = io.StringIO()
        done.result.report(out)
        assert f"big = np.zeros({length})" in out.getvalue()


def test_a_profiled_function_of_a_cell_has_source(shell: Any) -> None:
    """A function defined and profiled in cells is reported beside its source."""
    shell.user_ns["out"] = out = io.StringIO()
    shell.run_cell(
        "import ndmem, numpy as np\n@ndmem.profile(stream=out)\ndef f():\n    return np.zeros(128)\n"
    ).raise_error()
    shell.run_cell("f()").raise_error()
    assert "return np.zeros(128)" in out.getvalue()
    assert "1 KiB" in out.getvalue()


def test_an_unstarted_run_does_not_break_the_display(shell: Any) -> None:
    """A run that was not started has no table, and a notebook shows the text, which says its state."""
    run = ndmem.track()
    assert "not started" in repr(run)
    assert run._repr_html_() is None

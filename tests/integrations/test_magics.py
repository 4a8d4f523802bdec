"""The magics of ``%load_ext ndmem``: in a shell, and in a real kernel."""

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ndmem import _native

shells = pytest.importorskip("IPython.core.interactiveshell")


@pytest.fixture
def shell() -> Iterator[Any]:
    """An IPython shell with the magics, that keeps no history on disk."""
    config = pytest.importorskip("traitlets.config").Config()
    config.HistoryManager.enabled = False
    made = shells.InteractiveShell(config=config)
    # The magics of IPython itself are made for the shell that get_ipython() knows.
    made.run_cell("import numpy as np")
    made.run_line_magic("load_ext", "ndmem")
    yield made
    made.run_line_magic("ndmem", "off")
    shells.InteractiveShell.clear_instance()


def run(shell: Any, cell: str) -> Any:
    """Run a cell as a user does and return its value."""
    done = shell.run_cell(cell)
    done.raise_error()
    return done.result


def test_memit_is_exact(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Peak, kept, temporary and net of a statement, to the byte: 3,000 at once, 1,000 of them kept."""
    result = run(shell, "%memit -o x = np.empty(1000, 'u1'); y = np.empty(2000, 'u1'); del y")
    measured = result.measured
    assert (measured.peak, measured.kept, measured.temporary, measured.net) == (3000, 1000, 2000, 1000)
    figures = "peak 2.93 KiB, kept 1000 B, temporary 1.95 KiB, net 1000 B"
    printed, shown = capsys.readouterr().out.splitlines()
    assert printed == figures
    assert re.fullmatch(rf"Out\[[01]\]: <MemitResult: {figures}>", shown)  # IPython 8 counts from 1 here, 9 from 0
    assert run(shell, "x.nbytes") == 1000


def test_memit_counts_what_was_freed_from_before(shell: Any) -> None:
    """Net is of the whole process: an array from before that goes is less."""
    run(shell, "old = np.empty(5000, 'u1')")
    measured = run(shell, "%memit -o -q del old; new = np.empty(2000, 'u1')").measured
    assert (measured.kept, measured.net) == (2000, -3000)


def test_memit_of_a_cell_has_a_setup(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The line above a cell is run before and not counted; -r repeats; -q prints nothing; memory_profiler's options."""
    cell = "%%memit -r 3 -t 1 -i 0.1 -c -o -q a = np.empty(5000, 'u1')\nb = np.empty_like(a)\ndel b\n"
    result = run(shell, cell)
    assert not capsys.readouterr().out.startswith("peak")
    assert result.measured.peak == 5000
    assert (result.repeat, result.timeout, result.interval, result.include_children) == (3, 1.0, 0.1, True)
    assert len(result.mem_usage) == 3
    assert result.mem_usage[0] == pytest.approx(result.baseline + 5000 / 2**20)


def test_mprun_of_a_function_of_a_cell(shell: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A function defined in a cell has its lines with figures and source; calls are added up; it is put back."""
    run(shell, "def double(n):\n    zeros = np.zeros(n)\n    return zeros + zeros\noriginal = double")
    shown = run(shell, f"%mprun -r -f double -T {tmp_path}/out.txt double(128); double(256)")
    (profile,) = shown.profiles
    assert [(line.lineno, line.count, line.peak_nbytes) for line in profile.lines] == [(2, 2, 2048), (3, 2, 4096)]
    printed = capsys.readouterr().out
    assert "return zeros + zeros" in printed
    assert re.search(r"double at In\[\d+\]:1, peak", printed)
    assert (tmp_path / "out.txt").read_text() == repr(shown) + "\n"
    assert ">    return zeros + zeros</code>" in shown._repr_html_()
    assert run(shell, "double is original") is True


def test_mprun_of_methods_and_modules(shell: Any) -> None:
    """Functions are found as they are written: a method, a static method, a function of a module."""
    run(
        shell,
        "import textwrap\nclass Thing:\n    def make(self):\n        return np.zeros(8)\n"
        "    @staticmethod\n    def other():\n        return np.zeros(16)\n",
    )
    shown = run(
        shell,
        "%mprun -r -f Thing.make -f Thing.other -f textwrap.dedent Thing().make(); Thing.other(); textwrap.dedent('a')",
    )
    assert {profile.function: profile.peak_nbytes for profile in shown.profiles} == {
        "make": 64,
        "other": 128,
        "dedent": 0,
    }
    assert run(shell, "type(vars(Thing)['other']).__name__") == "staticmethod"


def test_a_cell_shows_its_lines_and_what_it_kept(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """%%ndmem runs the cell in the notebook's names, and lists arrays by the names that hold them."""
    run(shell, "%%ndmem\nkept = np.zeros(1000)\nfor i in range(2):\n    np.ones(2000)\n")
    printed = capsys.readouterr().out
    assert "kept = np.zeros(1000)" in printed
    assert " 7.81 KiB  float64 (1000,)  kept" in printed
    assert "run_cell_magic" not in printed
    assert run(shell, "kept.nbytes") == 8000


def test_each_cell_has_a_line_after_ndmem_on(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Net, peak and kept of each cell, until off; a cell that is run inside a cell has none of its own."""
    run(shell, "%ndmem on")
    assert capsys.readouterr().out == "ndmem is on: a line on array memory follows each cell; %ndmem off ends it\n"
    run(shell, "first = np.empty(5000, 'u1')")
    run(shell, "del first\nsecond = np.empty(1000, 'u1')")
    run(shell, "%%memit -q\npass")
    run(shell, "%ndmem off")
    run(shell, "third = np.empty(1000, 'u1')")
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("arrays: ")]
    assert [line.partition(";")[0] for line in lines] == [
        "arrays: net 4.88 KiB, peak 4.88 KiB, kept 4.88 KiB",
        "arrays: net -3.91 KiB, peak 1000 B, kept 1000 B",
        "arrays: net 0 B, peak 0 B, kept 0 B",
    ]
    assert _native.running_threshold() == 0


def test_the_line_says_what_the_history_holds(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Arrays that cells put out stay alive in Out[], and the line says how much that is."""
    shell.user_ns["Out"] = {1: shell.user_ns["np"].empty(2048, "u1")}
    run(shell, "%ndmem on")
    run(shell, "pass")
    assert "; Out[] holds 2 KiB" in capsys.readouterr().out


def test_what_the_history_holds_counts_each_buffer_once(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A view counts as the buffer that it keeps alive, and a broadcast array as the one element that it has."""
    whole = shell.user_ns["np"].empty(4096, "u1")
    wide = shell.user_ns["np"].broadcast_to(whole[:1], (10**9,))
    shell.user_ns["Out"] = {1: whole[:10], 2: whole[10:], 3: wide}
    run(shell, "%ndmem on")
    run(shell, "pass")
    assert "; Out[] holds 4 KiB" in capsys.readouterr().out


@pytest.mark.long
def test_predict_says_what_a_call_of_a_cells_function_needs(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A function of a cell, arrays that are not there, a dimension as a number: 8·n·m and 8·n, and np.ones' scalars."""
    run(shell, "def work(x, n):\n    return (x * 2.0, np.ones(n))")
    found = run(shell, "%predict -o -b 1GiB work('f8[n, m]', n) n=1e6 m=1_000")
    # np.ones converts its 1 twice: 16 bytes.
    assert (found.peak, found.inputs) == (8_000_000_000 + 8_000_000 + 16, 8_000_000_000)
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("needs 14.9 GiB at ")
    assert second.startswith("the budget is 1 GiB: fits up to n = ")


def test_predict_takes_arrays_that_are_there(shell: Any) -> None:
    """An array of the notebook is an argument as it is, and positions, names and stars are those of the call."""
    run(shell, "a = np.ones((50_000, 8))\nmore = {'axis': 0}")
    assert run(shell, "%predict -o np.cumsum(a, **more)").peak == 8 * 8 * 50_000


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("%predict", "is not a call"),
        ("%predict 3 + (4)", "is not a call"),
        ("%predict np.sort(", "is not a call"),
        ("%predict np.sort('f8[n]')", "'n' has no length"),
        ("%predict np.sort('f8[n]') n=lots", "is not a valid length for n"),
        ("%predict np.sort('f8[n]') n=-5", "negative"),
        ("%predict -t 0 np.sort('f8[n]') n=5", "%predict: -t 0 is not a number above 0"),
        ("%predict -b much np.sort('f8[n]') n=5", "not a number of bytes"),
        ("%predict np.linalg.inv('f8[n, m]') n=2000 m=3000", "it fails at small sizes"),
        ("%memit", "no statement given"),
        ("%memit -r 0 pass", "-r 0 is not a number above 0"),
        ("%memit -r many pass", "-r many is not a number above 0"),
        ("%mprun 1 + 1", "write for example %mprun -f function"),
        ("%mprun -f nothing 1 + 1", "name 'nothing' is not defined"),
        ("%mprun -f np.nothing 1 + 1", "has no attribute 'nothing'"),
        ("%mprun -f np.empty 1 + 1", "is not a Python function"),
        ("%ndmem", "write %ndmem on"),
    ],
)
def test_a_magic_that_is_written_wrongly_says_so(shell: Any, line: str, message: str) -> None:
    """A UsageError, which IPython shows in one line, and nothing left running."""
    done = shell.run_cell(line)
    assert type(done.error_in_exec).__name__ == "UsageError"
    assert message in str(done.error_in_exec)
    assert _native.running_threshold() == 0


def test_an_error_of_the_statement_is_its_own(shell: Any) -> None:
    """What the user's code raises comes out as it is, and the function is put back."""
    run(shell, "def fails():\n    raise NameError('mine')\noriginal = fails")
    for line in ("%memit fails()", "%mprun -f fails fails()"):
        done = shell.run_cell(line)
        assert str(done.error_in_exec) == "mine"
    assert run(shell, "fails is original") is True
    assert _native.running_threshold() == 0


@pytest.mark.long
@pytest.mark.skipif(importlib.util.find_spec("ipykernel") is None, reason="no ipykernel")
def test_in_a_real_kernel() -> None:
    """In Jupyter the magics answer with rich output: text and HTML of a cell's lines, a function's lines, a figure."""
    cells = [
        "%load_ext ndmem\nimport numpy as np",
        "%%ndmem\nkept = np.zeros(1000)",
        "def make():\n    return np.zeros(128)",
        "%mprun -f make make()",
        "%memit np.empty(1000, 'u1')",
        "%ndmem on",
        "more = np.zeros(1000)",
        "%who_mem 1 KiB",
        "%memit",
        "%predict make()",
    ]
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("kernel_session.py"))],
        input=json.dumps(cells), capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    shown = json.loads(done.stdout)
    assert [found["error"] for found in shown if "error" in found] == []
    assert ">kept</code>" in shown[1]["text/html"]
    assert "return np.zeros(128)" in shown[3]["text/html"]
    assert "return np.zeros(128)" in shown[3]["text/plain"]
    assert shown[4]["stream"] == "peak 1000 B, kept 0 B, temporary 1000 B, net 0 B\n"
    assert shown[6]["stream"].startswith("arrays: net 7.81 KiB, peak 7.81 KiB, kept 7.81 KiB")
    assert ">kept</code>" in shown[7]["text/html"]
    assert "kept" in shown[7]["text/plain"]
    assert "UsageError: %memit: no statement given" in shown[8]["stream"]
    assert shown[9]["stream"].startswith("needs 1 KiB at ")

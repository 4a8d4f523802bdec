"""A program without NumPy is reported without it."""

import signal
from pathlib import Path

import pytest

import ndmem

from .running import Place, write_program

HEAVY = ("numpy", "rich")


def test_a_run_without_numpy_loads_neither_numpy_nor_rich(tmp_path: Path) -> None:
    """The launcher of a program that imports no NumPy imports none either, and says so; the status is kept."""
    place = Place(tmp_path / "w")
    write_program(place.folder, "print(1)")
    listing = "import os, sys\nleave = os._exit\n"
    listing += (
        f"os._exit = lambda status: (print([m for m in {HEAVY} if m in sys.modules], flush=True), leave(status))\n"
    )
    # However slowly the program starts here, it counts as a short one.
    listing += "from ndmem.tracking.launcher import wait\nwait._SHORT_S = 3600\n"
    listing += "from ndmem.cli.main import main\nmain(['run', '-o', 't.ndmem', 'prog.py'])"
    shown = place.run_plain("-c", listing)
    assert (shown.stdout, shown.status) == (b"1\n[]\n", 0)
    assert shown.stderr.startswith(b"No array memory: the program never imported NumPy; ")


def test_the_short_report_is_that_of_the_file(tmp_path: Path) -> None:
    """What is said at once is what `ndmem report` of the file says, which is a record like any other."""
    place = Place(tmp_path / "w", environment={"COLUMNS": "70"})
    write_program(place.folder, "pass")
    short = place.run_ndmem("run", "-o", "t.ndmem", "prog.py")
    whole = place.run_ndmem("report", "t.ndmem")
    assert (short.status, whole.status, whole.stderr) == (0, 0, b"")
    assert short.stderr == whole.stdout
    assert max(len(line) for line in short.stderr.splitlines()) <= 70
    run = ndmem.load(place.folder / "t.ndmem").trace.run
    assert (run.exit_status, run.numpy, run.ended) == (0, None, "exit")
    # The tracker's own memory is not the program's.
    assert b"ndmem/tracking" not in whole.stdout


@pytest.mark.long
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("pass", "the program never imported NumPy"),
        ("raise SystemExit(3)", "(exit status 3): the program never imported NumPy"),
        ("x = (", "(exit status 1): the program never imported NumPy"),
        ("import numpy", "no array was allocated"),
    ],
)
def test_a_run_without_arrays_is_one_sentence_and_no_file(tmp_path: Path, code: str, words: str) -> None:
    """A program without arrays, or that Python could not start, gets one sentence; a file only if it was asked for."""
    place = Place(tmp_path / "w")
    write_program(place.folder, code)
    shown = place.run_ndmem("run", "prog.py")
    text = " ".join(shown.stderr.decode().split())
    assert text.count("No array memory") == 1
    assert text[text.index("No array memory") :].count(". ") == 0
    assert words in text
    assert [path.name for path in place.folder.iterdir() if "ndmem" in path.name] == []
    place.run_ndmem("run", "-o", "t.ndmem", "prog.py")
    assert (place.folder / "t.ndmem").exists()


def test_what_ends_otherwise_has_the_whole_report(tmp_path: Path) -> None:
    """A killed program, and one with large native memory: what happened is said as ever."""
    place = Place(tmp_path)
    for code, status, text in (
        ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL, "Killed by SIGKILL"),
        ("b = bytearray(50_000_000)", 0, "is native memory, not in arrays"),
    ):
        shown = place.run_ndmem("run", "-f", "-o", "t.ndmem", "-c", code)
        assert shown.status == status
        assert text in " ".join(shown.stderr.decode().split())

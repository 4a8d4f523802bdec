"""A program without NumPy is reported without it."""

import signal
from pathlib import Path

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
    assert shown.stderr.startswith(b"No array memory: the program never imported NumPy.\n")


def test_the_short_report_has_the_sentences_of_the_whole_one(tmp_path: Path) -> None:
    """What is said at once is said by `ndmem report` of the file as well, which is a record like any other."""
    place = Place(tmp_path / "w", environment={"COLUMNS": "70"})
    write_program(place.folder, "pass")
    short = place.run_ndmem("run", "-o", "t.ndmem", "prog.py")
    whole = place.run_ndmem("report", "t.ndmem")
    assert (short.status, whole.status, whole.stderr) == (0, 0, b"")
    # From 3.14 on Python's own start takes a little native memory, which is only summed up here.
    said = [each for each in " ".join(short.stderr.decode().split()).split(". ") if "Native memory" not in each]
    assert len(said) >= 2
    assert [each for each in said if each.strip(".") not in " ".join(whole.stdout.decode().split())] == []
    assert max(len(line) for line in short.stderr.splitlines()) <= 70
    run = ndmem.load(place.folder / "t.ndmem").trace.run
    assert (run.exit_status, run.numpy, run.ended) == (0, None, "exit")
    # The tracker's own memory is not the program's.
    assert b"ndmem/tracking" not in whole.stdout


def test_what_ends_otherwise_has_the_whole_report(tmp_path: Path) -> None:
    """A failing program, a killed one, one with large native memory: what happened is said as ever."""
    place = Place(tmp_path)
    for code, status, text in (
        ("raise SystemExit(3)", 3, "stayed free"),
        ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL, "Killed by SIGKILL"),
        ("b = bytearray(50_000_000)", 0, "native"),
    ):
        shown = place.run_ndmem("run", "-f", "-o", "t.ndmem", "-c", code)
        assert shown.status == status
        assert text in " ".join(shown.stderr.decode().split())

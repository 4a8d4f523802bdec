"""The files of a run's children when they are damaged, old or too many, and the report of now."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.system.reports import read, read_text, run_both
from tests.system.running import NDMEM, Place, started, write_program
from tests.system.tracked import TrackedRuns

from ndmem.tracking.agent.children_folder import MOST_JOURNALS

from .starting_programs import ONE, STARTS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The working folder of a program, with a program for its children."""
    write_program(tmp_path / "work", ONE, "one.py")
    return tmp_path / "work"


def test_damaged_files_are_said(folder: Path, tracked: TrackedRuns) -> None:
    """A child's file that is cut, foreign, of another run or no file at all is a note, and the rest is shown."""
    trace = folder.with_name("work.ndmem")
    tracked(STARTS["os.fork"], beside={"one.py": ONE}).copy(trace)
    children = folder.with_name("work.ndmem.children")
    first, second = sorted(children.glob("*.ndmem"))
    whole = first.read_bytes()
    counts = []
    for at in (0, 5, 119, 65536, 65600, 131072, 150000, len(whole) - 5):
        first.write_bytes(whole[:at])
        counts.append(len(read(trace)["processes"]))
    # Read from where its first array is on.
    assert counts == sorted(counts)
    assert (counts[:3], counts[-1]) == ([2, 2, 2], 3)
    first.write_bytes(b"NDMEMJ\r\n" + b"\xff" * 300_000)
    (children / "7.ndmem").mkdir()
    (children / "\x1b[31m.ndmem").write_bytes(b"")
    (children / "endings").write_bytes(b"\xff\n1 2\nx y z\n" + b"9" * 5000 + b" 1 1\n")
    shutil.copy(second, children / "8.ndmem")
    assert len(read(trace)["processes"]) == 2
    text = read_text(trace)
    assert " ".join(text.split()).count("cannot be read") == 3
    assert "\x1b" not in text
    shutil.rmtree(children)
    assert len(read(trace)["processes"]) == 1


def test_an_older_runs_children_are_replaced(folder: Path, tracked: TrackedRuns) -> None:
    """A run that replaces an older one's file takes away its children's, and nothing else in their folder."""
    tracked(STARTS["os.fork"], beside={"one.py": ONE}).copy(folder.with_name("work.ndmem"))
    children = folder.with_name("work.ndmem.children")
    (children / "mine.txt").touch()
    report = run_both(folder, "import numpy as np\na = np.ones(10_000)\n")
    assert len(report["processes"]) == 1
    assert [path.name for path in children.iterdir()] == ["mine.txt"]


def test_more_children_than_are_recorded(folder: Path) -> None:
    """Where the folder is full a child runs unrecorded, and the report says how many did."""
    name = write_program(
        folder,
        "import os, numpy as np\na = np.ones(10_000)\nplace = os.environ['PLACE']\nos.mkdir(place)\n"
        f"for i in range({MOST_JOURNALS}): open(f'{{place}}/x{{i}}.ndmem', 'w').close()\n"
        "for _ in range(3):\n    pid = os.fork()\n    if not pid:\n        b = np.ones(9)\n        os._exit(0)\n"
        "    os.waitpid(pid, 0)\n",
    )  # fmt: skip
    place = Place(folder, environment={"PLACE": str(folder.with_name("work.ndmem.children"))})
    assert place.run_tracked(name).status == 0
    text = " ".join(read_text(place.trace).split())
    assert f"3 child processes were not recorded: there were {MOST_JOURNALS:,} already." in text


NOW = (
    "import numpy as np, os, signal, sys, time\na = np.ones(10_000)\ngot = []\nif len(sys.argv) > 1:\n"
    "    signal.signal(signal.SIGUSR2, lambda *_: got.append('got'))\nprint('ready', flush=True)\n"
    # A handler in Python is not called by a signal that comes just before a system call that waits.
    "while len(sys.argv) > 1 and not got: time.sleep(0.01)\n"
    "sys.stdin.readline()\nprint(*got, 'end', flush=True)\n"
)


@pytest.mark.long
@pytest.mark.parametrize("handles", [False, True])
def test_a_report_of_now(handles: bool, folder: Path) -> None:
    """SIGUSR2 to ndmem prints a report on stderr; the program goes on, and hears of it only if it handles it."""
    name = write_program(folder, NOW)
    words = [sys.executable, NDMEM, "run", "-q", "-f", "-o", "../t.ndmem", name, *["x"] * handles]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with started(words, cwd=folder, text=True, **pipes) as process:
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGUSR2)
        first = process.stderr.readline()
        process.stdin.close()  # it ends at the end of its input
        out, err = process.stdout.read(), first + process.stderr.read()
        assert process.wait() == 0
    assert out == ("got end\n" if handles else "end\n")
    assert err.startswith("Still running at 78.1 KiB: one array of 78.1 KiB; last seen at prog.py:2")
    assert "\nPeak 78.1 KiB: one array allocated at prog.py:2" in err

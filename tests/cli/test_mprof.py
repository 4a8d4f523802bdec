"""``ndmem mprof``: programs are sampled, their files shown and removed, and memory_profiler has the same files."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.system.running import Place, started

from ndmem.integrations.mprof.dat_file import read_dat

WAITING = """\
import pathlib, time

def wait(name):
    '''Return when the file has three samples more.'''
    count = lambda: sum(path.read_text().count("MEM ") for path in pathlib.Path().glob(name))
    before, end = count(), time.monotonic() + 60
    while count() < before + 3:
        assert time.monotonic() < end
        time.sleep(0.01)
"""
SCRIPT = """\
import sys, time
from waiting import wait

@profile
def outer():
    block = bytearray(b"x") * 2**26
    inner()

@profile
def inner():
    wait("*.dat")

outer()
print("ran", __name__, sys.argv[1:])
sys.exit(7)
"""
"""Holds 64 MiB until that was seen, inside two functions."""

SLEEPING = SCRIPT.replace("from waiting import wait\n", "").replace('wait("*.dat")', "time.sleep({})")
"""Holds it for so many seconds."""

PARENT = """\
import subprocess, sys
child = f"from waiting import wait; block = bytearray(b'x') * 2**26; wait('{sys.argv[1]}')"
subprocess.run([sys.executable, "-c", child], check=True)
"""
"""Has a child that holds them."""

NEEDS_PEER = pytest.mark.skipif(importlib.util.find_spec("memory_profiler") is None, reason="no memory_profiler")


def mprof(folder: Path, *words: str, module: str = "ndmem") -> subprocess.CompletedProcess[str]:
    """Run ``ndmem mprof``, or memory_profiler's ``mprof``."""
    if module == "ndmem":
        return Place(folder).run_ndmem_as_text("mprof", *words)
    return subprocess.run(
        [sys.executable, "-m", "mprof", *words], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def the_file(folder: Path) -> Path:
    """Return the only file that a run made."""
    (path,) = folder.glob("mprofile_*.dat")
    return path


def test_a_script_is_sampled_with_its_calls(tmp_path: Path) -> None:
    """The file has the command, samples of what the script held, and its calls, the inner one within the outer."""
    (tmp_path / "waiting.py").write_text(WAITING)
    (tmp_path / "script.py").write_text(SCRIPT)
    done = mprof(tmp_path, "run", "--interval", "0.02", "script.py", "--interval", "3")
    assert (done.returncode, done.stdout) == (0, "ran __main__ ['--interval', '3']\n")
    path = the_file(tmp_path)
    assert re.fullmatch(r"mprofile_20\d{12}\.dat", path.name)
    assert done.stderr == f"ndmem: wrote samples to {path.name}\n"
    found = read_dat(path)
    assert found.command == f"{sys.executable} script.py --interval 3"
    outer, inner = found.calls
    assert (outer.function, outer.level, inner.function, inner.level) == ("__main__.outer", 0, "__main__.inner", 1)
    assert outer.begin.time_s <= inner.begin.time_s <= inner.end.time_s <= outer.end.time_s
    held = [sample.memory_mib for sample in found.samples_during("__main__.inner")]
    assert min(held) - outer.begin.memory_mib == pytest.approx(64, abs=4)
    assert found.children == {}


def test_children_are_added_or_written_each(tmp_path: Path) -> None:
    """With -C the child's 64 MiB are in the program's memory, with -M on lines of its own, by its process id."""
    (tmp_path / "waiting.py").write_text(WAITING)
    (tmp_path / "script.py").write_text(PARENT)
    for option in ("-C", "-M"):
        assert mprof(tmp_path, "run", option, "-T", "0.02", "-o", f"./{option}", "script.py", option).returncode == 0
    added, each = read_dat(tmp_path / "-C"), read_dat(tmp_path / "-M")  # names that look like options
    assert max(sample.memory_mib for sample in added.samples) > 64
    assert max(sample.memory_mib for sample in each.samples) < 64
    ((pid, of_child),) = each.children.items()
    assert pid.isdecimal()
    assert max(sample.memory_mib for sample in of_child) > 64


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["-E", "script.py"], 7),
        (["--exit-code", "--nopython", sys.executable, "script.py"], 7),
        (["-E", "--python", sys.executable, "script.py"], 7),
        (["-E", "-M", "script.py"], 7),
        (["-E", "--python", "this"], 0),
        (["-E", "sh", "-c", "kill -9 $$"], 137),
        (["script.py"], 0),
    ],
)
def test_the_exit_status_is_passed_on_when_asked_for(tmp_path: Path, words: list[str], status: int) -> None:
    """With --exit-code it is the program's, 128 and the signal if one ended it; without it is 0."""
    (tmp_path / "script.py").write_text("import sys\nsys.exit(7)\n")
    assert mprof(tmp_path, "run", *words).returncode == status
    assert the_file(tmp_path).read_text().startswith("CMDLINE ")


def test_a_running_process_is_sampled_until_it_ends(tmp_path: Path) -> None:
    """Attached by its id, or until the timeout; its command is in the file."""
    program = [sys.executable, "-c", "block = bytearray(2**20); input()"]
    with started(program, stdin=subprocess.PIPE) as process:
        first = mprof(tmp_path, "run", "-a", "-t", "0.2", "-T", "0.05", "-o", "timeout.dat", str(process.pid))
        command = [sys.executable, "-m", "ndmem", "mprof", "attach", "-T", "0.05", "-o", "end.dat", str(process.pid)]
        with started(command, cwd=tmp_path) as second:
            while not holds(tmp_path / "end.dat", 1):
                assert second.poll() is None
                time.sleep(0.05)
            process.communicate(b"\n")
            assert second.wait() == 0
    assert first.returncode == 0
    assert "block = bytearray" in read_dat(tmp_path / "timeout.dat").command


def holds(path: Path, mib: float) -> bool:
    """Return whether a file has a sample of so much already."""
    whole = path.read_text().rpartition("\n")[0] if path.exists() else ""  # the last line may be under way
    return any(float(line.split()[1]) > mib for line in whole.splitlines() if line.startswith("MEM"))


def test_an_interrupt_leaves_samples_and_calls(tmp_path: Path) -> None:
    """After Ctrl-C, which both processes get, the file has the samples and the call that was interrupted."""
    (tmp_path / "script.py").write_text(SLEEPING.format(60))
    command = [sys.executable, "-m", "ndmem", "mprof", "run", "-o", "run.dat", "script.py"]
    with started(command, cwd=tmp_path, stderr=subprocess.PIPE) as process:
        while not holds(tmp_path / "run.dat", 64):
            assert process.poll() is None
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        process.communicate()
    assert process.returncode == 130
    found = read_dat(tmp_path / "run.dat")
    assert found.calls[0].function == "__main__.outer"


RUN = """\
CMDLINE python <b>x</b>.py
MEM 10.000000 1000.0000
FUNC __main__.f 10.0000 1000.0500 20.0000 1000.3500 0
FUNC __main__.g 10.0000 1000.1500 12.0000 1000.2500 1
CHLD 5 3.500000 1000.2000
MEM 30.000000 1000.2000
MEM 40.000000 1001.0000
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two runs."""
    (tmp_path / "mprofile_20260101000000.dat").write_text(RUN)
    (tmp_path / "mprofile_20260102030405.dat").write_text("CMDLINE sh\nMEM 1.5 2000.0\nMEM 3.5 2001.0\n")
    return tmp_path


def test_runs_are_listed_and_removed(folder: Path) -> None:
    """The list has numbers and times; rm and clean remove what they say, and nothing with --dry-run."""
    listed = "0 mprofile_20260101000000.dat 00:00:00 01/01/2026\n1 mprofile_20260102030405.dat 03:04:05 02/01/2026\n"
    assert mprof(folder, "list").stdout == listed
    removed = "Files to be removed: \nmprofile_20260102030405.dat\n"
    assert mprof(folder, "rm", "--dry-run", "-1").stdout == removed
    assert mprof(folder, "clean", "--dry-run").stdout.count("\n") == 3
    assert mprof(folder, "list").stdout == listed
    (folder / "mine.dat").touch()
    assert mprof(folder, "rm", "0").returncode == 0
    assert the_file(folder).name == "mprofile_20260102030405.dat"
    assert mprof(folder, "clean").returncode == 0
    assert [path.name for path in folder.iterdir()] == ["mine.dat"]
    assert mprof(folder, "list").stdout == ""


def test_the_peak_is_the_highest_sample(folder: Path) -> None:
    """Of the newest file, of files by number, of the samples while a function ran, and of each child."""
    assert mprof(folder, "peak").stdout == "Using last profile data.\nmprofile_20260102030405.dat\t3.500 MiB\n"
    child = "  Child 5\t\t\t3.500 MiB\n"
    assert mprof(folder, "peak", "-2").stdout == f"mprofile_20260101000000.dat\t40.000 MiB\n{child}"
    assert mprof(folder, "peak", "--func", "__main__.f", "0").stdout.startswith(
        "mprofile_20260101000000.dat\t30.000 MiB\n"
    )


@pytest.mark.long
def test_a_picture_has_the_runs_and_their_calls(folder: Path) -> None:
    """The page stands beside the file unless -o says where; names of the program are no tags in it."""
    assert mprof(folder, "plot", "0").stdout == "wrote mprofile_20260101000000.html\n"
    page = (folder / "mprofile_20260101000000.html").read_text()
    assert "__main__.f 0.300s" in page
    assert "child 5" in page
    assert "python &lt;b&gt;x" in page
    done = mprof(
        folder, "plot", "-n", "-s", "-w", "0,0.5", "-t", "Two runs", "-o", "two.html", "--backend", "agg", "0", "1"
    )
    assert done.stdout == "wrote two.html\n"
    two = (folder / "two.html").read_text()
    assert "Two runs" in two
    assert "slope 2.00000" in two
    assert "__main__.f" not in two
    assert '"range":[0.0,0.5]' in two
    assert mprof(folder, "plot", "--flame", "-o", "flame.html", "0").returncode == 0
    assert '"orientation":"h"' in (folder / "flame.html").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no command given; write for example: ndmem mprof run script.py"),
        (["show"], "'show' is not a command of ndmem mprof"),
        (["run"], "no program given"),
        (["run", "nowhere.py"], "nowhere.py: no such script"),
        (["run", "nowhere"], "nowhere: no such program, or it is not executable"),
        (["run", "--nopython", "mprofile_20260101000000.dat"], "no such program, or it is not executable"),
        (["run", "--python", "nowhere"], "nowhere: no such script or module"),
        (["run", "--python", "--nopython", "sh"], "--python and --nopython exclude each other"),
        (["run", "-T", "nan", "sh"], "nan is not more than 0 seconds and at most a day"),
        (["run", "--interval", "0", "sh"], "0 is not more than 0 seconds"),
        (["run", "-t", "-1", "sh"], "-1 is not more than 0 seconds"),
        (["run", "--backend", "tracemalloc", "sh"], "'tracemalloc' is not one of"),
        (["run", "-o", "no/folder.dat", "sh"], "no/folder.dat: No such file or directory"),
        (["attach", "999999999"], "no process 999999999"),
        (["attach", "no such name"], "no process has 'no such name' in its name"),
        (["peak", "7"], "no file has the number 7"),
        (["peak", "no.dat"], "no.dat: no such file"),
        (["peak", "--guess"], "--guess is not an option of ndmem mprof peak"),
        (["peak", "empty"], "empty is an empty file, not a file of mprof"),
        (["peak", "--func", "h", "0"], "no calls of 'h'; there are calls of: __main__.f, __main__.g"),
        (["plot", "empty"], "empty is an empty file, not a file of mprof"),
        (["plot", "nothing"], "nothing has no samples of memory"),
        (["plot", "-w", "5", "0"], "'5' is not two numbers of seconds"),
        (["plot", "-w", "5,1", "0"], "'5,1' is not two numbers of seconds"),
        (["plot", "-o", "picture.gif", "0"], "cannot draw picture.gif; choose a name that ends in one of .html"),
        (["rm"], "FILES is missing; write for example: ndmem mprof rm 0 -1"),
        (["rm", "9"], "no file has the number 9"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(folder: Path, words: list[str], message: str) -> None:
    """Bad usage, missing and foreign files: one line, status 2, and nothing is made or removed."""
    (folder / "empty").touch()
    (folder / "nothing").write_text("CMDLINE sh\n")
    before = sorted(folder.iterdir())
    done = mprof(folder, *words)
    assert done.returncode == (0 if "--python" in words and "nowhere" in words else 2)
    assert message in done.stderr
    assert done.stderr.count("\n") == 1 + ("nowhere" in words and "--python" in words)
    assert done.stdout in ("", "Using last profile data.\n")
    assert [path for path in before if not path.exists()] == []


def test_nothing_is_sampled_of_an_empty_folder(tmp_path: Path) -> None:
    """Peak and plot say what is missing."""
    for command in ("peak", "plot"):
        done = mprof(tmp_path, command)
        assert (done.returncode, done.stderr) == (
            2, "ndmem: no mprofile_*.dat here; ndmem mprof run PROGRAM writes one, or name a file\n"
        )  # fmt: skip


@pytest.mark.long
@NEEDS_PEER
def test_memory_profiler_reads_ours_and_we_read_its(tmp_path: Path) -> None:
    """Of a file that either wrote both say the same peak, of the run and of a function."""
    # It writes samples by the fifty, so its script cannot wait for them.
    (tmp_path / "script.py").write_text(SLEEPING.format(1))
    for writer in ("ndmem", "peer"):
        assert mprof(tmp_path, "run", "-T", "0.05", "-o", f"{writer}.dat", "script.py", module=writer).returncode == 0
        for words in ([], ["--func", "__main__.inner"]):
            ours, its = (
                mprof(tmp_path, "peak", *words, f"{writer}.dat", module=reader) for reader in ("ndmem", "peer")
            )
            assert ours.stdout == its.stdout
            assert re.fullmatch(rf"{writer}\.dat\t\d+\.\d{{3}} MiB\n", ours.stdout)
    names = [[call.function for call in read_dat(tmp_path / f"{writer}.dat").calls] for writer in ("ndmem", "peer")]
    assert names == [["__main__.outer", "__main__.inner"]] * 2

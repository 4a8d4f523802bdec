"""What is left of a program that did not come to its end, and what is said of one that has not ended yet."""

import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.system.running import NDMEM, Place, started, write_program

import ndmem
from ndmem.model.ending import Ending
from ndmem.tracking.journal.load import read_file

from .control_group import make_group

# Two arrays of 80,000 bytes, one of which dies when the call of line 6 returns; then the end, in line 7.
ALLOCATE = """\
import ctypes, os, sys, time
import numpy as np
def work():
    first = np.ones(10_000)
    return np.sqrt(first)
kept = work()
{}
"""
MADE_BY = "np.sqrt(first)"
DEATHS = {
    "SIGKILL": ("os.kill(os.getpid(), 9)", -9),
    "a segfault in C": ("ctypes.string_at(0)", -11),
    "abort": ("os.abort()", -6),
    "os._exit": ("os._exit(3)", 3),
}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder to run in."""
    (tmp_path / "w").mkdir()
    return Place(tmp_path / "w")


@pytest.mark.parametrize("death", DEATHS)
def test_a_death_leaves_what_was_alive_and_what_ran(death: str, place: Place) -> None:
    """Report and file have what was alive at the death, where it was made, who held it, and the last line seen."""
    code, status = DEATHS[death]
    shown = place.run_ndmem("run", "-o", "t.ndmem", write_program(place.folder, ALLOCATE.format(code)))
    assert shown.status == status
    trace = ndmem.load(place.folder / "t.ndmem").trace
    assert (trace.live_nbytes, trace.peak.nbytes, trace.run.exit_status) == (80_000, 160_000, status)
    for report in (shown, place.run_ndmem("report", "t.ndmem")):
        text = " ".join((report.stdout + report.stderr).decode().split())
        if status > 0:
            assert "exit status 3" in text
            continue
        assert (
            f"Killed by {signal.Signals(-status).name} at 78.1 KiB: one array of 78.1 KiB; last seen at prog.py:6"
            in text
        )
        table = text.partition("Largest arrays when it was killed")[2]
        assert table.startswith(f" nbytes allocated by held by 78.1 KiB prog.py:5 {MADE_BY} ")


@pytest.fixture
def orphan(place: Place) -> Iterator[int]:
    """The process id of a tracked program that waits for ever, whose launcher has been killed."""
    code = "print(os.getpid(), flush=True)\nwhile True: time.sleep(60)"
    command = [sys.executable, NDMEM, "run", "-o", "t.ndmem", write_program(place.folder, ALLOCATE.format(code))]
    with started(command, cwd=place.folder, stdout=subprocess.PIPE) as launcher:
        pid = int(launcher.stdout.readline())
        launcher.kill()
        launcher.wait()
        yield pid


def test_a_journal_without_a_launcher_tells_running_from_lost(orphan: int, place: Place) -> None:
    """While the process lives the journal is of a running program; afterwards of one that ended without a word."""
    running = place.run_ndmem("report", "t.ndmem").stdout.decode()
    assert running.startswith("Still running at 78.1 KiB: one array of 78.1 KiB; last seen at prog.py:6")
    assert "Largest arrays alive now" in running
    descriptor = os.pidfd_open(orphan)
    os.kill(orphan, signal.SIGKILL)
    select.select([descriptor], [], [])  # readable when the process has ended
    os.close(descriptor)
    lost = " ".join(place.run_ndmem("report", "t.ndmem").stdout.decode().split())
    assert lost.startswith("Ended unexpectedly (no exit record) at 78.1 KiB: one array of 78.1 KiB;")
    assert ndmem.load(place.folder / "t.ndmem").trace.run.ended == "lost"


def test_a_process_id_that_came_again_is_not_the_program(orphan: int, place: Place) -> None:
    """A live process with the journal's id that does not write the journal is another one."""
    journal = bytearray((place.folder / "t.ndmem.partial").read_bytes())
    copy = place.folder / "copy.ndmem"
    # This process is alive and has not mapped the file; process id 0 and 2**32 - 1 are nobody's.
    for pid in (os.getpid(), 0, 2**32 - 1):
        journal[12:16] = pid.to_bytes(4, sys.byteorder)
        copy.write_bytes(journal)
        assert read_file(copy).run.ending is Ending.LOST


def test_a_journal_of_another_machine_is_not_judged(orphan: int, place: Place) -> None:
    """A process id of another machine or container says nothing here: the report says that it cannot know."""
    journal = (place.folder / "t.ndmem.partial").read_bytes()
    node = os.uname().nodename.encode()
    assert journal.count(b'"home": ["' + node) == 1
    elsewhere = b"?" * len(node)
    (place.folder / "copy.ndmem").write_bytes(journal.replace(b'"home": ["' + node, b'"home": ["' + elsewhere))
    assert read_file(place.folder / "copy.ndmem").run.ending is Ending.UNKNOWN
    report = place.run_ndmem("report", "copy.ndmem").stdout
    assert report.startswith(b"End unknown (its process is not visible from here) at 78.1 KiB")


@pytest.fixture
def group() -> Iterator[Path]:
    """A control group with 200 MiB, where one can be made."""
    with make_group(200 * 2**20) as path:
        yield path


def test_the_out_of_memory_killer_leaves_the_report(group: Path, place: Place) -> None:
    """A program that outgrows its control group is killed by the kernel, and the report says what it had."""
    source = """\
        import os, numpy as np
        with open({!r}, "w") as tasks:
            tasks.write(str(os.getpid()))
        kept = []
        while True:
            kept.append(np.ones(10 * 2**17))
        """
    name = write_program(place.folder, textwrap.dedent(source).format(str(group / "tasks")))
    shown = place.run_ndmem("run", "-o", "t.ndmem", name)
    assert shown.status == -9
    text = " ".join(shown.stderr.decode().split())
    run = ndmem.load(place.folder / "t.ndmem")
    # The array that was being filled is alive; the ones before it were in memory.
    assert 100 * 2**20 < run.live <= 200 * 2**20 + 10 * 2**20
    count = run.live // (10 * 2**20)
    assert f"Killed by SIGKILL at {10 * count} MiB: {count} arrays of 10 MiB; last seen at prog.py:6" in text
    assert "The kernel's out-of-memory killer struck while the program ran, and most likely killed it." in text

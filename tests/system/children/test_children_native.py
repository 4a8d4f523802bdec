"""Native memory of the interpreters that a program starts, and memory that processes share."""

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.system.reports import read, read_text, run_both
from tests.system.running import BE_SAMPLED, Place, write_program
from tests.system.tracked import TrackedRuns

from ndmem.model.columns import Domain, Kind
from ndmem.tracking.journal.load import read_file

from .starting_programs import LOOKS, SEE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="malloc is stood in front of on Linux only")

MIB = 2**20
# A bytes object has 33 bytes beside its content on every Python; from 3.15 on a bytearray has them too.
TAKE = "import os, sys\ndef take(n):\n    kept = bytes(n - 33)\n    return len(kept)\n"
ONE = f"{TAKE}print(take(int(sys.argv[1])))\n"
SIZES = "(50_000_000, 70_000_000)"
STARTS = {
    "subprocess": f"import subprocess, sys\nfor n in {SIZES}: subprocess.run([sys.executable, 'one.py', str(n)])\n",
    "subprocess, env given": (
        "import subprocess, sys\n"
        f"for n in {SIZES}: subprocess.run([sys.executable, 'one.py', str(n)], env={{'LD_PRELOAD': 'libm.so.6'}})\n"
    ),
    "subprocess of a subprocess": (
        "import subprocess, sys\ncode = 'import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]])'\n"
        f"for n in {SIZES}: subprocess.run([sys.executable, '-c', code, 'one.py', str(n)])\n"
    ),
    "os.posix_spawn": (
        f"import os, sys\nfor n in {SIZES}:\n"
        "    os.waitpid(os.posix_spawn(sys.executable, [sys.executable, 'one.py', str(n)], os.environ), 0)\n"
    ),
    "os.fork and os.execv": (
        f"import os, sys\nfor n in {SIZES}:\n    pid = os.fork()\n"
        "    if not pid: os.execv(sys.executable, [sys.executable, 'one.py', str(n)])\n    os.waitpid(pid, 0)\n"
    ),
    "os.fork without NumPy": (
        f"{TAKE}for n in {SIZES}:\n    pid = os.fork()\n    if not pid: take(n); os._exit(0)\n    os.waitpid(pid, 0)\n"
    ),
    **{
        f"multiprocessing, {method}": (
            f"{TAKE}import multiprocessing as mp\nif __name__ == '__main__':\n    mp = mp.get_context('{method}')\n"
            f"    for n in {SIZES}: p = mp.Process(target=take, args=(n,)); p.start(); p.join()\n"
        )
        for method in ("fork", "forkserver", "spawn")
    },
}


EMPTY_PRELOAD = ("env=None", "env given", "posix_spawn, bytes", "execve")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The working folder of a program, with a program for its children."""
    write_program(tmp_path / "work", ONE, "one.py")
    return tmp_path / "work"


def large_births(children: Path) -> list[tuple[int, int]]:
    """Return bytes, and line of the user's code, of each native block of 40 MB or more that a child was given."""
    found = []
    for place in children.glob("*.ndmem"):
        trace = read_file(place)
        events = trace.events
        large = (events.domain == Domain.NATIVE) & (events.kind == Kind.BORN) & (events.nbytes >= 40_000_000)
        for stack, nbytes in zip(events.stack[large].tolist(), events.nbytes[large].tolist(), strict=True):
            found.append((nbytes, trace.stack(stack)[0].lineno))  # a comprehension of both hides the loop
    return sorted(found)


@pytest.mark.parametrize("start", STARTS)
def test_native_memory_of_each_child_is_seen(start: str, tracked: TrackedRuns) -> None:
    """Blocks of 50 and of 70 million bytes are those of two children, at their line."""
    run = tracked(STARTS[start], beside={"one.py": ONE})
    assert run.outcome == run.plain
    report = run.report
    assert large_births(run.children) == [(50_000_000, 3), (70_000_000, 3)]
    peaks = sorted(process["native_peak_nbytes"] for process in report["processes"][1:])
    # The interpreter takes a few MiB for itself.
    assert [peak // 10_000_000 for peak in peaks] == [5, 7]
    own = report["total_peak_nbytes"]
    assert 70_000_000 <= report["processes_total_peak_nbytes"] <= 80_000_000 + own
    assert report["processes_peak_nbytes"] == report["peak_nbytes"]


@pytest.mark.long
def test_joblib_workers_see_native_memory(folder: Path) -> None:
    """Workers of loky have their native memory recorded."""
    if importlib.util.find_spec("joblib") is None:  # importing it here would change this process's environment
        pytest.skip("joblib is not installed")
    report = run_both(
        folder,
        f"{TAKE}from joblib import Parallel, delayed\nif __name__ == '__main__':\n"
        f"    print(Parallel(2)(delayed(take)(n) for n in {SIZES}))\n",
    )
    assert sorted(nbytes for nbytes, _ in large_births(folder.with_name("work.ndmem.children"))) == [
        50_000_000,
        70_000_000,
    ]
    assert len(report["processes"]) >= 2


def test_without_native_no_child_sees_it(folder: Path) -> None:
    """--no-native holds for the children: one without arrays leaves nothing, and no child has a native figure."""
    code = "import numpy as np; a = np.ones(10_000); b = bytearray(50_000_000)"
    text = STARTS["subprocess"] + f"subprocess.run([sys.executable, '-c', {code!r}])\n"
    place = Place(folder)
    assert place.run_tracked("--no-native", write_program(folder, text)).status == 0
    report = read(place.trace)
    assert [process["native_peak_nbytes"] for process in report["processes"]] == [None, None]
    assert report["processes_total_peak_nbytes"] is None
    assert report["processes"][1]["live_nbytes_at_end"] == 80_000


@pytest.mark.parametrize(
    ("look", "preloaded"),
    [
        *((look, "libm.so.6") for look in LOOKS),
        # A variable that is set to nothing: in each way to pass an environment.
        *((look, "") for look in EMPTY_PRELOAD),
        *(pytest.param(look, "", marks=pytest.mark.slow) for look in LOOKS if look not in EMPTY_PRELOAD),
    ],
)
def test_children_see_what_was_preloaded_without_ndmem(look: str, preloaded: str, folder: Path) -> None:
    """A program that has LD_PRELOAD set, also to nothing, and all that it starts see that and nothing else."""
    write_program(folder, SEE, "see.py")
    name = write_program(folder, f"import os, subprocess, sys\n{SEE}{LOOKS[look]}\n")
    place = Place(folder, environment={"LD_PRELOAD": preloaded})
    assert place.run_tracked(name) == place.run_plain(name)


def test_children_with_an_interpreters_own_memory_leave_nothing(folder: Path) -> None:
    """Children that do nothing, or import NumPy and make no array, leave no file, also if they are killed."""
    report = run_both(
        folder,
        "import os, subprocess, sys, time\n"
        "for code in ('pass', 'import numpy', 'import json, asyncio'):\n"
        "    subprocess.run([sys.executable, '-c', code])\n"
        "killed = subprocess.Popen([sys.executable, '-c', 'import time; print(1, flush=True); time.sleep(60)'],\n"
        "                          stdout=subprocess.PIPE)\nkilled.stdout.readline()\nkilled.kill()\nkilled.wait()\n",
    )
    assert len(report["processes"]) == 1
    assert not folder.with_name("work.ndmem.children").exists()


def test_the_report_shows_a_child_that_has_native_memory_alone(tracked: TrackedRuns) -> None:
    """A child without arrays has a row with its native peak, and the sum of both is said."""
    text = " ".join(read_text(tracked(STARTS["subprocess"], beside={"one.py": ONE}).path).split())
    assert "3 processes had only native memory. Including native memory, all processes together had at most " in text
    assert "peak at the common peak kept native pid process" in text
    # 50,000,000 bytes, and what the interpreter takes.
    assert re.search(r"- - - (4[7-9]|5[0-9])(\.\d+)? MiB \d+ python one.py 50000000", text)


# Of its own each child has 24 MiB as soon as it has seen all that is shared: no other moment has as much.
OWN = "    own = np.ones(3 * MIB)\n    barrier.wait(); barrier.wait()\n"


def hold(shared: str, work: str) -> str:
    """Return a program whose two children hold memory together with it for a while."""
    return (
        "import multiprocessing as mp\nimport numpy as np\nfrom multiprocessing import shared_memory\n"
        f"MIB = 2**20\n{BE_SAMPLED}{work}"
        "if __name__ == '__main__':\n    mp = mp.get_context('fork')\n    barrier = mp.Barrier(3)\n"
        f"    {shared}\n"
        "    children = [mp.Process(target=use, args=(block, barrier)) for _ in range(2)]\n"
        "    for child in children: child.start()\n"
        "    barrier.wait(); be_sampled(4); barrier.wait()\n"
        "    for child in children: child.join()\n"
    )


def run_tracked(folder: Path, source: str) -> dict[str, Any]:
    """Run a program that is only run tracked, and return the JSON report."""
    place = Place(folder)
    assert place.run_tracked(write_program(folder, source)).status == 0
    return read(place.trace)


def resident(report: dict[str, Any]) -> tuple[int, int, int]:
    """Return what was resident together, what each had adds up to, and the shared memory of it."""
    figures = report["processes_resident"]
    assert figures["processes"] >= 3
    assert figures["looks"] >= 1
    return figures["nbytes"], figures["separate_nbytes"], figures["shared_memory_nbytes"]


def test_shared_memory_is_counted_once(folder: Path) -> None:
    """A segment of 64 MiB that a program and two children touch is 64 MiB of the sum, not 192."""
    work = (
        "def use(name, barrier):\n    mine = shared_memory.SharedMemory(name)\n"
        f"    total = np.frombuffer(mine.buf, np.uint8).sum()\n{OWN}"
    )
    program = hold(
        "segment = shared_memory.SharedMemory(create=True, size=64 * MIB)\n"
        "    np.frombuffer(segment.buf, np.uint8)[:] = 1\n    block = segment.name",
        work,
    )
    together, separate, shared = resident(run_tracked(folder, f"{program}    segment.unlink()\n"))
    # Where the journals are on a tmpfs they are shared memory too: some 256 KiB of each process.
    assert 64 * MIB <= shared < 66 * MIB
    assert separate - together >= 128 * MIB
    assert "Resident memory of" in read_text(Place(folder).trace)


def test_arrays_shared_by_fork_are_counted_once(folder: Path) -> None:
    """An array of 64 MiB that two forked children read is resident once, and 64 MiB of the sum of arrays."""
    work = f"def use(block, barrier):\n    total = block.sum()\n{OWN}"
    report = run_tracked(folder, hold("block = np.ones(8 * MIB)", work))
    together, separate, _ = resident(report)
    assert separate - together >= 128 * MIB
    assert together >= (64 + 2 * 24) * MIB
    assert report["processes_peak_nbytes"] // MIB == 64 + 2 * 24


def test_a_mapped_file_is_counted_once(folder: Path) -> None:
    """A file of 64 MiB that three processes map and read is 64 MiB of the pages of files."""
    work = f"def use(block, barrier):\n    total = block.sum()\n{OWN}"
    shared = "np.ones(8 * MIB).tofile('data.bin')\n    block = np.memmap('data.bin', mode='r')\n    total = block.sum()"
    report = run_tracked(folder, hold(shared, work))
    figures = report["processes_resident"]
    kinds = figures["files_nbytes"] + figures["shared_memory_nbytes"]  # on a tmpfs a file is shared memory
    # Beside the libraries, which other processes share in part.
    assert 64 * MIB <= kinds < 128 * MIB
    assert figures["separate_nbytes"] - figures["nbytes"] >= 128 * MIB


def test_a_program_alone_shares_with_nobody(folder: Path) -> None:
    """Without children there is no sum of several processes."""
    assert run_tracked(folder, f"{BE_SAMPLED}be_sampled(2)\n")["processes_resident"] is None

"""``ndmem run`` of programs that start processes: each is recorded, and the program notices nothing."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from tests.system.reports import read_text, run_both
from tests.system.running import NDMEM, write_program
from tests.system.tracked import TrackedRuns

import ndmem

from .starting_programs import LOOKS, ONE, SEE, STARTS, TASKS, TICK, WORK


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The working folder of a program, with a program for its children."""
    write_program(tmp_path / "work", ONE, "one.py")
    return tmp_path / "work"


def large_peaks(report: dict[str, Any]) -> list[int]:
    """Return the peaks of the children to 100 bytes, which leaves out NumPy's scalars."""
    return sorted(process["peak_nbytes"] // 100 * 100 for process in report["processes"][1:])


@pytest.mark.long
@pytest.mark.parametrize("start", STARTS)
def test_each_child_is_recorded(start: str, tracked: TrackedRuns) -> None:
    """Two children with 800,000 and 1,600,000 bytes have those peaks; the sum is that of one moment."""
    run = tracked(STARTS[start], beside={"one.py": ONE})
    assert run.outcome == run.plain
    report = run.report
    assert large_peaks(report) == [800_000, 1_600_000]
    assert [process["exit_status"] for process in report["processes"]] == [0, 0, 0]
    own = report["peak_nbytes"]
    assert 1_600_000 <= report["processes_peak_nbytes"] <= 1_600_100 + own


@pytest.mark.long
def test_joblib(folder: Path) -> None:
    """Workers of loky are recorded: what two tasks made is there, in one process or in two."""
    if importlib.util.find_spec("joblib") is None:  # importing it here would change this process's environment
        pytest.skip("joblib is not installed")
    report = run_both(
        folder,
        f"{WORK}from joblib import Parallel, delayed\nif __name__ == '__main__':\n"
        f"    print([n for _, n in Parallel(2)(delayed(work)(n) for n in {TASKS})])\n",
    )
    made = sum(process["total_nbytes"] for process in report["processes"][1:])
    assert made // 1000 == 2_400


def test_a_pool_of_eight(folder: Path) -> None:
    """Eight workers that hold 800,000 bytes each at one moment make a sum of 6,400,000, and one row in the report."""
    report = run_both(
        folder,
        f"{WORK}{TICK}import multiprocessing as mp\ndef hold(i, barrier):\n    a = np.ones(100_000)\n"
        "    barrier.wait(); tick(); barrier.wait()\n"
        "if __name__ == '__main__':\n    mp = mp.get_context('fork')\n    barrier = mp.Barrier(8)\n"
        "    all = [mp.Process(target=hold, args=(i, barrier)) for i in range(8)]\n"
        "    [p.start() for p in all]; [p.join() for p in all]\n",
    )
    assert large_peaks(report) == [800_000] * 8
    assert report["processes_peak_nbytes"] // 1000 * 1000 == 6_400_000
    assert "8 x ForkProcess-* at" in " ".join(read_text(folder.with_name("work.ndmem")).split())


def test_inherited_arrays_count_once(folder: Path) -> None:
    """What a forked child shares counts in its parent, and its death in the child is no death of the child's own."""
    report = run_both(
        folder,
        "import os, numpy as np\na = np.ones(1_000_000)\npid = os.fork()\nif not pid:\n    b = np.ones(100_000)\n"
        "    if not os.fork():\n        del a\n        del b\n        c = np.ones(50_000)\n        os._exit(0)\n"
        "    os.wait()\n    os._exit(0)\nos.waitpid(pid, 0)\n",
    )  # fmt: skip
    program, child, grandchild = report["processes"]
    assert [p["inherited_nbytes"] for p in (program, child, grandchild)] == [0, 8_000_000, 8_800_000]
    assert [p["live_nbytes_at_end"] for p in (program, child, grandchild)] == [8_000_000, 800_000, 400_000]
    assert [p["total_nbytes"] // 100 for p in (child, grandchild)] == [8_000, 4_000]
    assert report["processes_peak_nbytes"] // 1000 * 1000 == 9_200_000
    assert (child["parent"], grandchild["parent"]) == (program["pid"], child["pid"])


def test_a_child_that_is_killed_leaves_its_part(folder: Path) -> None:
    """A child that SIGKILL ended has its arrays in the report, and how it ended."""
    report = run_both(
        folder,
        f"{TICK}import os, numpy as np\nr, w = os.pipe()\npid = os.fork()\nif not pid:\n    a = np.ones(100_000)\n"
        "    os.write(w, b'x')\n    time.sleep(50)\nos.read(r, 1)\nos.kill(pid, 9)\nos.waitpid(pid, 0)\n"
        "tick()\nb = np.ones(10_000)\n",
    )  # fmt: skip
    child = report["processes"][1]
    assert (child["ended"], child["exit_status"], child["live_nbytes_at_end"]) == ("signal 9", -9, 800_000)
    # Its end is known: what the program made afterwards does not add to it.
    assert report["processes_peak_nbytes"] < 880_000


def test_another_program_in_the_place_of_this_one(folder: Path) -> None:
    """A program that executes another Python is two entries under one process id: the first became the other."""
    report = run_both(
        folder,
        "import os, sys, numpy as np\na = np.ones(10_000)\n"
        "os.execv(sys.executable, [sys.executable, '-c', 'import numpy as np\\nb = np.ones(20_000)\\nexit(4)'])",
    )  # fmt: skip
    first, second = report["processes"]
    assert first["pid"] == second["pid"]
    assert [(p["ended"], p["exit_status"]) for p in (first, second)] == [("exec", None), ("exit", 4)]
    assert [p["live_nbytes_at_end"] for p in (first, second)] == [80_000, 160_000]
    assert report["processes_peak_nbytes"] // 100 * 100 == 160_000


@pytest.mark.parametrize(
    "child", ["import os, numpy\nos._exit(0)", "print('no numpy')", "import sys; sys.exit(3)"], ids=str
)
def test_children_without_arrays_leave_nothing(child: str, folder: Path) -> None:
    """Where no child made an array there is no folder beside the run, and one process in the report."""
    write_program(folder, child, "child.py")
    report = run_both(
        folder,
        "import os, subprocess, sys, numpy as np\na = np.ones(10_000)\n"
        "subprocess.run([sys.executable, 'child.py'])\n"
        "subprocess.run(['/bin/sh', '-c', 'exit 3'])\npid = os.fork()\nif not pid: os._exit(0)\nos.waitpid(pid, 0)\n",
    )  # fmt: skip
    assert len(report["processes"]) == 1
    assert report["processes_peak_nbytes"] == report["peak_nbytes"]
    assert [path.name for path in folder.parent.iterdir() if "children" in path.name] == []


@pytest.mark.long
@pytest.mark.parametrize("look", LOOKS)
def test_children_see_what_they_see_without_ndmem(look: str, folder: Path) -> None:
    """Environment, paths, modules, errors and tracebacks of what a program starts are those of the plain run."""
    write_program(folder, SEE, "see.py")
    run_both(folder, f"import os, subprocess, sys, numpy\n{SEE}before = dict(os.environ)\n{LOOKS[look]}\n"
             "assert dict(os.environ) == before\n")  # fmt: skip


@pytest.mark.long
def test_ndmem_inside_of_ndmem(folder: Path) -> None:
    """A tracked program may run ``ndmem run``: both have their own trace, and the inner one shows what it does."""
    write_program(folder, "import numpy as np\na = np.ones(10_000)\n", "inner.py")
    report = run_both(
        folder,
        "import subprocess, sys, numpy as np\nb = np.ones(20_000)\n"
        f"subprocess.run([sys.executable, {NDMEM!r}, 'run', '-q', '-f', '-o', 'inner.ndmem', 'inner.py'], check=True)\n"
        f"subprocess.run([{NDMEM!r}, 'stats', 'inner.ndmem'], stdout=subprocess.DEVNULL, check=True)\n",
    )
    assert [process["live_nbytes_at_end"] for process in report["processes"]] == [160_000]
    assert ndmem.load(folder / "inner.ndmem").live == 80_000


def test_a_program_may_use_ndmem_in_a_child(folder: Path) -> None:
    """``ndmem.track()`` works in a tracked child, whose parent's own block is over there."""
    report = run_both(
        folder,
        "import os, numpy as np, ndmem\nwith ndmem.track() as outer:\n    a = np.ones(10_000)\n    pid = os.fork()\n"
        "    if not pid:\n        with ndmem.track() as run:\n            b = np.ones(20_000)\n"
        "        print(run.live, outer.live, repr(outer).split(',')[0], flush=True)\n        os._exit(0)\n"
        "    os.waitpid(pid, 0)\nprint(outer.live)\n",
    )  # fmt: skip
    assert [process["live_nbytes_at_end"] for process in report["processes"]] == [80_000, 160_000]

"""``ndmem run`` of programs that start processes: each is recorded, and the program notices nothing."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import ndmem
from ndmem.tracking.folder import MOST_JOURNALS

from .running import NDMEM, Place, write_program

# Two children with 800,000 and 1,600,000 bytes, one after the other, whatever the way to start them.
WORK = "import os, sys, numpy as np\ndef work(n):\n    a = np.ones(n)\n    return os.getpid(), int(a.sum())\n"
TASKS = "[100_000, 200_000]"
ONE = f"{WORK}print(work(int(sys.argv[1]))[1])\n"
STARTS = {
    "os.fork": (
        f"{WORK}for n in {TASKS}:\n    pid = os.fork()\n    if not pid:\n        a = np.ones(n)\n        os._exit(0)\n"
        "    os.waitpid(pid, 0)\n"
    ),
    "os.fork, plain exit": (
        f"{WORK}for n in {TASKS}:\n    pid = os.fork()\n    if not pid:\n        a = np.ones(n)\n        sys.exit(0)\n"
        "    os.wait()\n"
    ),
    **{
        f"multiprocessing, {method}": (
            f"{WORK}import multiprocessing as mp\nif __name__ == '__main__':\n    mp = mp.get_context('{method}')\n"
            f"    for n in {TASKS}:\n        p = mp.Process(target=work, args=(n,))\n        p.start(); p.join()\n"
            "        print(p.exitcode)\n"
        )
        for method in ("fork", "forkserver", "spawn")
    },
    **{
        f"ProcessPoolExecutor, {method}": (
            f"{WORK}import multiprocessing as mp\nfrom concurrent.futures import ProcessPoolExecutor\n"
            f"if __name__ == '__main__':\n    for n in {TASKS}:\n"
            f"        with ProcessPoolExecutor(1, mp_context=mp.get_context('{method}')) as pool:\n"
            "            print(pool.submit(work, n).result()[1])\n"
        )
        for method in ("fork", "forkserver", "spawn")
    },
    "subprocess, env=None": (
        f"import subprocess, sys\nfor n in {TASKS}:\n    subprocess.run([sys.executable, 'one.py', str(n)], check=True)\n"
    ),
    "subprocess, env given": (
        f"import os, subprocess, sys\nfor n in {TASKS}:\n"
        "    subprocess.run([sys.executable, 'one.py', str(n)], check=True, env={**os.environ, 'X': 'y'})\n"
    ),
    "subprocess, -c": (
        f"import subprocess, sys\nfor n in {TASKS}:\n"
        "    subprocess.run([sys.executable, '-c', open('one.py').read(), str(n)], check=True)\n"
    ),
    "subprocess, -m": (
        f"import subprocess, sys\nfor n in {TASKS}:\n    subprocess.run([sys.executable, '-um', 'one', str(n)])\n"
    ),
    "subprocess, preexec_fn": (
        f"import subprocess, sys, numpy\nfor n in {TASKS}:\n"
        "    subprocess.run([sys.executable, 'one.py', str(n)], check=True, preexec_fn=lambda: None)\n"
    ),
    "subprocess, script": (
        "import os, subprocess, sys\nopen('tool', 'w').write('#!' + sys.executable + '\\n' + open('one.py').read())\n"
        f"os.chmod('tool', 0o755)\nfor n in {TASKS}:\n    subprocess.run(['./tool', str(n)], check=True)\n"
    ),
    "subprocess in a thread": (
        "import subprocess, sys, threading, numpy\ndef go(n):\n"
        f"    subprocess.run([sys.executable, 'one.py', str(n)], check=True)\nfor n in {TASKS}:\n"
        "    t = threading.Thread(target=go, args=(n,)); t.start(); t.join()\n"
    ),
    "asyncio": (
        "import asyncio, sys\nasync def go(n):\n"
        "    p = await asyncio.create_subprocess_exec(sys.executable, 'one.py', str(n)); await p.wait()\n"
        f"for n in {TASKS}: asyncio.run(go(n))\n"
    ),
    "os.posix_spawn": (
        f"import os, sys\nfor n in {TASKS}:\n"
        "    pid = os.posix_spawn(sys.executable, [sys.executable, 'one.py', str(n)], os.environ); os.waitpid(pid, 0)\n"
    ),
    "os.spawnv": (
        f"import os, sys, numpy\nfor n in {TASKS}:\n"
        "    os.spawnv(os.P_WAIT, sys.executable, [sys.executable, 'one.py', str(n)])\n"
    ),
    "fork and exec": (
        f"import os, sys, numpy\nfor n in {TASKS}:\n    pid = os.fork()\n    if not pid:\n"
        "        os.execvpe(sys.executable, [sys.executable, 'one.py', str(n)], {**os.environ})\n    os.waitpid(pid, 0)\n"
    ),
    "fork in a thread": (
        f"{WORK}import threading\ndef go(n):\n    pid = os.fork()\n    if not pid:\n        a = np.ones(n)\n"
        "        os._exit(0)\n    os.waitpid(pid, 0)\nstop = threading.Event()\ndef churn():\n"
        "    while not stop.is_set(): np.ones(1000)\nother = threading.Thread(target=churn); other.start()\n"
        f"for n in {TASKS}:\n    t = threading.Thread(target=go, args=(n,)); t.start(); t.join()\nstop.set(); other.join()\n"
    ),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The working folder of a program, with a program for its children."""
    write_program(tmp_path / "work", ONE, "one.py")
    return tmp_path / "work"


def run_both(folder: Path, source: str, *arguments: str) -> dict[str, Any]:
    """Run a program plainly and tracked; they must show the same. Return the JSON report."""
    name = write_program(folder, source)
    place = Place(folder)
    plain = place.run_plain(name, *arguments)
    assert place.run_tracked(name, *arguments) == plain
    return read(place.trace)


def read(trace: Path) -> dict[str, Any]:
    """Return the JSON report of a run."""
    text = io.StringIO()
    ndmem.load(trace).report(text, form="json")
    report: dict[str, Any] = json.loads(text.getvalue())
    return report


def large_peaks(report: dict[str, Any]) -> list[int]:
    """Return the peaks of the children to 100 bytes, which leaves out NumPy's scalars."""
    return sorted(process["peak_nbytes"] // 100 * 100 for process in report["processes"][1:])


@pytest.mark.parametrize("start", STARTS)
def test_each_child_is_recorded(start: str, folder: Path) -> None:
    """Two children with 800,000 and 1,600,000 bytes have those peaks; both never live at once, the sum is the larger."""
    report = run_both(folder, STARTS[start])
    assert large_peaks(report) == [800_000, 1_600_000]
    assert [process["exit_status"] for process in report["processes"]] == [0, 0, 0]
    own = report["peak_nbytes"]
    assert 1_600_000 <= report["processes_peak_nbytes"] <= 1_600_100 + own


def test_joblib(folder: Path) -> None:
    """Workers of loky are recorded: what two tasks made is there, in one process or in two."""
    pytest.importorskip("joblib")
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
        f"{WORK}import multiprocessing as mp\ndef hold(i, barrier):\n    a = np.ones(100_000); barrier.wait(); barrier.wait()\n"
        "if __name__ == '__main__':\n    mp = mp.get_context('fork')\n    barrier = mp.Barrier(8)\n"
        "    all = [mp.Process(target=hold, args=(i, barrier)) for i in range(8)]\n"
        "    [p.start() for p in all]; [p.join() for p in all]\n",
    )
    assert large_peaks(report) == [800_000] * 8
    assert report["processes_peak_nbytes"] // 1000 * 1000 == 6_400_000
    text = io.StringIO()
    ndmem.load(folder.with_name("work.ndmem")).report(text)
    assert "8 x   Process-1" in text.getvalue()


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
        "import os, time, numpy as np\nr, w = os.pipe()\npid = os.fork()\nif not pid:\n    a = np.ones(100_000)\n"
        "    os.write(w, b'x')\n    time.sleep(50)\nos.read(r, 1)\nos.kill(pid, 9)\nos.waitpid(pid, 0)\n"
        "b = np.ones(10_000)\n",
    )  # fmt: skip
    program, child = report["processes"]
    assert (child["ended"], child["exit_status"], child["live_nbytes_at_end"]) == ("signal 9", -9, 800_000)
    # Its end is known: what the program made afterwards does not add to it.
    assert report["processes_peak_nbytes"] < 880_000


def test_another_program_in_the_place_of_this_one(folder: Path) -> None:
    """A program that executes another Python is two entries under one process id, the first of which became the other."""
    report = run_both(
        folder,
        "import os, sys, numpy as np\na = np.ones(10_000)\n"
        "os.execv(sys.executable, [sys.executable, '-c', 'import numpy as np; b = np.ones(20_000); raise SystemExit(4)'])",
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
        "import os, subprocess, sys, numpy as np\na = np.ones(10_000)\nsubprocess.run([sys.executable, 'child.py'])\n"
        "subprocess.run(['/bin/sh', '-c', 'exit 3'])\npid = os.fork()\nif not pid: os._exit(0)\nos.waitpid(pid, 0)\n",
    )  # fmt: skip
    assert len(report["processes"]) == 1
    assert report["processes_peak_nbytes"] == report["peak_nbytes"]
    assert [path.name for path in folder.parent.iterdir() if "children" in path.name] == []


SEE = (
    "import os, sys\nprint(list(os.environ.items()), sys.path, sys.argv, sys.orig_argv, sys.flags)\n"
    "print([name for name in sys.modules if 'ndmem' in name], os.execv, os.waitpid, os._exit, flush=True)\n"
)
LOOKS = {
    "env=None": "subprocess.run([sys.executable, 'see.py'])",
    "env given": "subprocess.run([sys.executable, 'see.py'], env={'A': 'b', 'PYTHONPATH': 'x:', 'Z': ''})",
    "env empty": "subprocess.run([sys.executable, 'see.py'], env={})",
    "PYTHONPATH empty": "subprocess.run([sys.executable, 'see.py'], env={'PYTHONPATH': ''})",
    "set at C level": "os.putenv('SECRET', '1'); subprocess.run([sys.executable, 'see.py'])",
    "shell": "subprocess.run('env | sort; echo $PPID | grep -c x', shell=True)",
    "env": "subprocess.run(['env'])",
    "isolated": "subprocess.run([sys.executable, '-I', 'see.py'])",
    "without site": "subprocess.run([sys.executable, '-S', 'see.py'])",
    "posix_spawn, bytes": (
        "os.waitpid(os.posix_spawn(os.fsencode(sys.executable), [b'python', b'see.py'], {b'A': b'b', b'PYTHONPATH': b'q'}), 0)"
    ),
    "execve": "os.execve(sys.executable, ('python', 'see.py'), {'A': 'b'})",
    "no such program": "subprocess.run(['./nix'])",
    "exec of no such program": "os.execv('/nix/python', ['x'])",
    "exec with bad arguments": "os.execv(sys.executable, [])",
    "spawn with bad arguments": "os.posix_spawn(sys.executable, None, {})",
    "wait without children": "os.waitpid(-1, 0)",
    "fork of fork": (
        "\nfor _ in range(3):\n    pid = os.fork()\n    if pid: os.waitpid(pid, 0); os._exit(0)\n"
        "print(list(os.environ.items())[:0], os.fstat(0).st_mode)"
    ),
}  # fmt: skip


@pytest.mark.parametrize("look", LOOKS)
def test_children_see_what_they_see_without_ndmem(look: str, folder: Path) -> None:
    """Environment, paths, modules, errors and tracebacks of what a program starts are those of the plain run."""
    write_program(folder, SEE, "see.py")
    run_both(folder, f"import os, subprocess, sys, numpy\n{SEE}before = dict(os.environ)\n{LOOKS[look]}\n"
             "assert dict(os.environ) == before\n")  # fmt: skip


def test_ndmem_inside_of_ndmem(folder: Path) -> None:
    """A tracked program may run ``ndmem run``: both have their own trace, and the inner one shows what it always shows."""
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


def test_damaged_files_are_said(folder: Path) -> None:
    """A child's file that is cut, foreign, of another run or no file at all is a note, and the rest is shown."""
    run_both(folder, STARTS["os.fork"])
    trace = folder.with_name("work.ndmem")
    children = folder.with_name("work.ndmem.children")
    first, second = sorted(children.glob("*.ndmem"))
    whole = first.read_bytes()
    for at in (0, 5, 119, 65536, 65600, 131072, 150000, len(whole) - 5):
        first.write_bytes(whole[:at])
        report = read(trace)
        assert len(report["processes"]) in (2, 3)
    first.write_bytes(b"NDMEMJ\r\n" + b"\xff" * 300_000)
    (children / "7.ndmem").mkdir()
    (children / "\x1b[31m.ndmem").write_bytes(b"")
    (children / "endings").write_bytes(b"\xff\n1 2\nx y z\n" + b"9" * 5000 + b" 1 1\n")
    shutil.copy(second, children / "8.ndmem")
    assert len(read(trace)["processes"]) == 2
    text = io.StringIO()
    ndmem.load(trace).report(text)
    assert text.getvalue().count("cannot be read") == 3
    assert "\x1b" not in text.getvalue()
    shutil.rmtree(children)
    assert len(read(trace)["processes"]) == 1


def test_an_older_runs_children_are_replaced(folder: Path) -> None:
    """A run that replaces an older one's file takes away its children's, and nothing else in their folder."""
    run_both(folder, STARTS["os.fork"])
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
    text = io.StringIO()
    ndmem.load(place.trace).report(text)
    assert f"3 child processes were not recorded: there were {MOST_JOURNALS:,} already." in " ".join(
        text.getvalue().split()
    )


NOW = (
    "import numpy as np, os, signal, sys, time\na = np.ones(10_000)\nif len(sys.argv) > 1:\n"
    "    signal.signal(signal.SIGUSR2, lambda *_: print('got', flush=True))\nprint('ready', flush=True)\n"
    "end = time.monotonic() + 1\nwhile time.monotonic() < end: time.sleep(0.01)\nprint('end', flush=True)\n"
)


@pytest.mark.parametrize("handles", [False, True])
def test_a_report_of_now(handles: bool, folder: Path) -> None:
    """SIGUSR2 to ndmem prints a report on stderr; the program goes on, and hears of it only if it handles it."""
    name = write_program(folder, NOW)
    words = [sys.executable, NDMEM, "run", "-q", "-f", "-o", "../t.ndmem", name, *["x"] * handles]
    process = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout, process.stderr:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.2)
        os.kill(process.pid, signal.SIGUSR2)
        out, err = process.stdout.read(), process.stderr.read()
        assert process.wait(60) == 0
    assert out == ("got\n" if handles else "") + "end\n"
    assert err.startswith("Peak 78.1 KiB at prog.py:2")

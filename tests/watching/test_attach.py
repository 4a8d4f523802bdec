"""`ndmem attach`: what it records, and what it leaves behind."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.system.running import NDMEM, TIMEOUT_S, started
from tests.watching.attaching import PROGRAM, RESULT, attached, end, maps, needs_attach, running, wait_until

import ndmem
from ndmem.model.ending import Ending

pytestmark = [needs_attach, pytest.mark.long]

STATE = """\
import ctypes, gc, os, signal, sys, threading, time
import numpy as np
data = np.ones(50_000)
class Allocator(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("context", "malloc", "calloc", "realloc", "free")]
def allocators():
    found = []
    for domain in range(3):
        allocator = Allocator()
        ctypes.pythonapi.PyMem_GetAllocator(domain, ctypes.byref(allocator))
        found.append([getattr(allocator, name) for name, _ in Allocator._fields_])
    return found
def handler():
    table = ctypes.pythonapi.PyCapsule_GetPointer
    table.restype, table.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    slots = ctypes.cast(table(np._core._multiarray_umath._ARRAY_API, None), ctypes.POINTER(ctypes.c_void_p))
    capsule = ctypes.cast(slots[306], ctypes.POINTER(ctypes.py_object))[0]
    return ctypes.string_at(table(capsule, b"mem_handler"), 128 + 40), np._core.multiarray.get_handler_name()
def state():
    return {
        "allocators": allocators(), "handler": handler(), "tasks": sorted(os.listdir("/proc/self/task")),
        "threads": [each.name for each in threading.enumerate()], "files": sorted(os.listdir("/proc/self/fd")),
        "hooks": list(sys.meta_path), "path": list(sys.path), "sys": sorted(vars(sys)), "callbacks": list(gc.callbacks),
        "enabled": gc.isenabled(), "signals": [signal.getsignal(n) for n in (2, 10, 12, 15)], "main": sorted(globals()),
        "ndmem": [name for name in sys.modules if name.startswith("ndmem")], "trace": sys.gettrace(),
        "folder": os.getcwd(), "environment": dict(os.environ), "recursion": sys.getrecursionlimit(),
    }
before = after = None
before = state()
print("ready", flush=True)
while not os.path.exists("two"):
    np.ones(20_000).sum()
    time.sleep(0.002)
after = state()
print({name for name in before if before[name] != after[name]} or "nothing")
"""


def test_the_report_has_what_existed_and_counts_what_came(tmp_path: Path) -> None:
    """Earlier arrays have nbytes, shape, dtype and holder; peak and live bytes are those of arrays born afterwards."""
    with running(tmp_path / "w") as program:
        with attached(program, "-o", "t.ndmem") as attach:
            (tmp_path / "w" / "one").touch()
            assert program.stdout.readline() == b"one\n"
            out, err = end(attach)
        (tmp_path / "w" / "two").touch()
        assert (program.stdout.read(), program.wait()) == (RESULT, 0)
    trace = ndmem.load(tmp_path / "w" / "t.ndmem").trace
    assert (trace.live_nbytes, trace.run.ending) == (400_000, Ending.DETACHED)
    assert 400_000 <= trace.peak.nbytes < 400_100  # np.ones has the 1 in an array, too
    assert trace.run.program == ("prog.py",)
    assert trace.before is not None
    assert [(each.nbytes, each.shape, each.dtype, each.holder) for each in trace.before.arrays] == [
        (240_000, (30_000,), "float64", "table"),
        (160_000, (100, 200), "float64", "model.weights"),
    ]
    # NumPy itself has some arrays of a few bytes.
    assert 400_240 <= trace.before.nbytes < 401_000
    assert trace.before.count >= 5
    text = out.decode()
    assert "Arrays that existed before the attach" in text
    assert "model.weights" in text
    assert "kept (50000,) float64" in text
    assert b"wrote " in err
    assert not (tmp_path / "w" / "t.ndmem.partial").exists()


def test_json_has_what_existed(tmp_path: Path) -> None:
    """The arrays from before are in the JSON of the saved file, with their sum."""
    with running(tmp_path / "w") as program, attached(program, "-o", "t.ndmem") as attach:
        end(attach)
    words = [sys.executable, NDMEM, "report", "--format", "json", "t.ndmem"]
    found = json.loads(subprocess.run(words, cwd=tmp_path / "w", capture_output=True, check=True).stdout)
    assert [each["holder"] for each in found["before_attach"]] == ["table", "model.weights"]
    assert found["before_attach_nbytes"] >= 400_240
    assert found["ended"] == "detached"


def test_the_program_is_as_it_was(tmp_path: Path) -> None:
    """Allocators, NumPy's handler, threads, files, hooks, modules of ndmem, signals and variables are as before."""
    with running(tmp_path / "w", STATE) as program:
        for _ in range(2):  # also after a second time
            with attached(program, "-f", "-o", "t.ndmem") as attach:
                assert maps(program, tmp_path / "w" / "t.ndmem.partial")
                end(attach)
            assert not maps(program, tmp_path / "w" / "t.ndmem")
        (tmp_path / "w" / "two").touch()
        assert (program.stdout.read(), program.wait()) == (b"nothing\n", 0)


def test_a_killed_watcher_ends_the_recording(tmp_path: Path) -> None:
    """After SIGKILL to ndmem attach the recording ends, its file can be read, and the program goes on."""
    record = tmp_path / "w" / "t.ndmem.partial"
    with running(tmp_path / "w") as program:
        with attached(program, "-o", "t.ndmem") as attach:
            attach.kill()
        wait_until(lambda: not maps(program, record))
        (tmp_path / "w" / "one").touch()
        (tmp_path / "w" / "two").touch()
        assert (program.stdout.read(), program.wait()) == (b"one\n" + RESULT, 0)
    trace = ndmem.load(tmp_path / "w" / "t.ndmem").trace
    assert (trace.run.ending, trace.peak.nbytes) == (Ending.DETACHED, 0)
    assert trace.before is not None
    assert [each.holder for each in trace.before.arrays] == ["table", "model.weights"]


@pytest.mark.parametrize(("number", "ending"), [(signal.SIGKILL, Ending.LOST), (None, Ending.EXIT)])
def test_a_program_that_ends_is_reported(tmp_path: Path, number: int | None, ending: Ending) -> None:
    """The report has what was recorded until the program was killed, or ended by itself; the attach ends too."""
    with running(tmp_path / "w") as program:
        with attached(program, "-o", "t.ndmem") as attach:
            (tmp_path / "w" / "one").touch()
            assert program.stdout.readline() == b"one\n"
            if number is None:
                (tmp_path / "w" / "two").touch()
            else:
                program.send_signal(number)
            program.wait()
            out, err = attach.communicate(timeout=TIMEOUT_S)
        assert attach.returncode == 0, err
    trace = ndmem.load(tmp_path / "w" / "t.ndmem").trace
    assert (trace.run.ending, trace.live_nbytes) == (ending, 400_000)
    assert b"kept" in out


def test_a_time_ends_it_and_names_the_file(tmp_path: Path) -> None:
    """With --for it ends by itself, and the file's name has the process id."""
    with running(tmp_path / "w") as program, attached(program, "--for", "0.2s") as attach:
        _, err = attach.communicate(timeout=TIMEOUT_S)
    assert attach.returncode == 0
    path = tmp_path / "w" / f"ndmem-attach.{program.pid}.ndmem"
    assert str(path).encode() in err
    assert ndmem.load(path).trace.before is not None


def test_a_program_without_ndmem_imports_it_from_a_folder(tmp_path: Path) -> None:
    """A program that cannot import ndmem is told --path, with which it is recorded, and keeps no module of it."""
    hidden = """\
import sys
class Without:
    def find_spec(self, name, path=None, target=None):
        if name == "ndmem":
            raise ModuleNotFoundError("No module named 'ndmem'", name="ndmem")
sys.meta_path.insert(0, Without())
"""
    folder = str(Path(ndmem.__file__).parents[1])
    with running(tmp_path / "w", hidden + PROGRAM) as program:
        words = [sys.executable, NDMEM, "attach", str(program.pid)]
        refused = subprocess.run(words, cwd=tmp_path / "w", capture_output=True, check=False)
        assert refused.returncode == 2
        assert refused.stderr.decode() == (
            f"ndmem: process {program.pid} cannot import ndmem; install ndmem in its environment, or let it import "
            f"this one with --path {folder}\n"
        )
        with attached(program, "--path", folder, "-o", "t.ndmem") as attach:
            end(attach)
    assert len(ndmem.load(tmp_path / "w" / "t.ndmem").trace.before.arrays) == 2


@pytest.mark.skipif(sys.version_info < (3, 14), reason="pending calls are not made in a sleeping thread")
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the registers of x86-64")
def test_a_sleeping_main_thread_is_reached(tmp_path: Path) -> None:
    """A program whose main thread sleeps for an hour is recorded, and sleeps on."""
    text = "import time\nimport numpy as np\nx = np.ones(9999)\nprint('ready', flush=True)\ntime.sleep(3600)\n"
    with running(tmp_path / "w", text) as program:
        with attached(program, "-o", "t.ndmem") as attach:
            end(attach)
        assert program.poll() is None
    assert [each.holder for each in ndmem.load(tmp_path / "w" / "t.ndmem").trace.before.arrays] == ["x"]


def read_until(terminal: int, *texts: bytes) -> bytes:
    """Read from a terminal until it has shown some texts."""
    shown = b""
    while not all(text in shown for text in texts):
        assert select.select([terminal], [], [], TIMEOUT_S)[0], shown
        shown += os.read(terminal, 65536)
    return shown


@pytest.mark.parametrize("by_live", [False, True])
def test_a_terminal_shows_frames_until_q(tmp_path: Path, by_live: bool) -> None:
    """On a terminal it shows frames with the bytes from before until q; ndmem live offers the same."""
    main, other = pty.openpty()
    with running(tmp_path / "w") as program:
        command = [sys.executable, NDMEM, "live" if by_live else "attach", str(program.pid)]
        with started(command, cwd=tmp_path / "w", stdin=other, stdout=other, stderr=other) as attach:
            if by_live:
                read_until(main, b"Attach to it, and show it until q? [y/N]")
                os.write(main, b"y\n")
            read_until(main, b"before 391 KiB", b"q: end the recording")
            os.write(main, b"q")
            read_until(main, b"Arrays that existed before the attach", b"wrote ")
            assert attach.wait(TIMEOUT_S) == 0
        assert program.poll() is None
    os.close(main)
    os.close(other)
    saved = tmp_path / "w" / f"ndmem-attach.{program.pid}.ndmem"
    assert ndmem.load(saved).trace.run.ending is Ending.DETACHED


def test_live_follows_an_attached_program(tmp_path: Path) -> None:
    """`ndmem live PID` shows a program that another ndmem attach records."""
    with running(tmp_path / "w") as program, attached(program, "-o", "t.ndmem") as attach:
        shown = subprocess.run([sys.executable, NDMEM, "live", str(program.pid)], capture_output=True, check=True)
        assert b"before 391 KiB" in shown.stdout
        assert shown.stdout.startswith(b"running, ")
        end(attach)

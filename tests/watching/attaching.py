"""Programs that are attached to, and ``ndmem attach`` beside them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.system.running import NDMEM, TIMEOUT_S, started

# 160,000 bytes that an attribute holds, 240,000 of a variable, and three arrays that are too small for a row.
PROGRAM = """\
import os, time
import numpy as np
class Model:
    def __init__(self):
        self.weights = np.ones((100, 200))
model = Model()
table = np.zeros(30_000)
small = [np.zeros(10) for _ in range(3)]
def wait(name):
    while not os.path.exists(name):
        time.sleep(0.002)
print("ready", flush=True)
wait("one")
kept = np.ones(50_000)
del table
print("one", flush=True)
wait("two")
print(int(kept.sum() + model.weights.sum()))
"""

RESULT = b"70000\n"


def _can_attach() -> bool:
    if sys.platform != "linux" or (sys.version_info < (3, 14) and shutil.which("gdb") is None):
        return False
    scope = Path("/proc/sys/kernel/yama/ptrace_scope")
    return os.geteuid() == 0 or not scope.exists() or scope.read_text().strip() == "0"


needs_attach = pytest.mark.skipif(not _can_attach(), reason="attaching needs ptrace, and gdb before Python 3.14")


@contextmanager
def running(folder: Path, text: str = PROGRAM, *flags: str, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program up to its first line of output, ``ready``."""
    folder.mkdir(exist_ok=True)
    (folder / "prog.py").write_text(text)
    with started(
        [sys.executable, *flags, "prog.py"], cwd=folder, stdout=subprocess.PIPE, stdin=subprocess.PIPE, **options
    ) as program:
        assert program.stdout.readline() == b"ready\n"
        yield program


@contextmanager
def attached(program: subprocess.Popen[bytes], *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``ndmem attach`` until it says that it records."""
    command = [sys.executable, NDMEM, "attach", str(program.pid), *words]
    folder = Path(f"/proc/{program.pid}/cwd").readlink()
    with started(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as attach:
        line = attach.stderr.readline()
        assert line.startswith(f"ndmem: recording process {program.pid} ".encode()), line
        yield attach


def end(attach: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Press Ctrl-C; return its output when it has ended well."""
    attach.send_signal(signal.SIGINT)
    out, err = attach.communicate(timeout=TIMEOUT_S)
    assert attach.returncode == 0, err
    return out, err


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for a condition."""
    end = time.monotonic() + TIMEOUT_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def maps(program: subprocess.Popen[bytes], file: Path) -> bool:
    """Whether a program has a file mapped."""
    return str(file).encode() in Path(f"/proc/{program.pid}/maps").read_bytes()

"""The present figures of the processes that a running program started."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.system.running import NDMEM, started, write_program

from ndmem.tracking.journal.live_children import read_live_children

# The child keeps 32 MiB of 40, and waits; both say when they are ready.
CHILD = """\
import sys
import numpy as np
kept, gone = np.ones(2**22), np.ones(2**20)
del gone
print("ready", flush=True)
sys.stdin.readline()
"""
PROGRAM = """\
import subprocess, sys
import numpy as np
child = subprocess.Popen([sys.executable, "child.py"], stdin=subprocess.PIPE)
sys.stdin.readline()
child.communicate(b"\\n")
print("ended", flush=True)
sys.stdin.readline()
"""


@pytest.mark.long
def test_a_child_has_what_it_has_now(tmp_path: Path) -> None:
    """Live bytes, peak, resident memory and command line while it runs; no resident memory when it has ended."""
    write_program(tmp_path, PROGRAM)
    write_program(tmp_path, CHILD, "child.py")
    path = tmp_path / "t.ndmem"
    assert read_live_children(path) == ()
    words = [sys.executable, NDMEM, "run", "-q", "-o", str(path), "prog.py"]
    with started(words, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdout.readline() == b"ready\n"
        (child,) = read_live_children(path)
        assert (child.live_nbytes // 2**20, child.peak_nbytes // 2**20) == (32, 40)
        assert child.rss_nbytes is not None
        assert child.rss_nbytes > child.live_nbytes
        assert child.command.endswith("child.py")
        run.stdin.write(b"\n")
        run.stdin.flush()
        assert run.stdout.readline() == b"ended\n"
        (ended,) = read_live_children(path)
        assert (ended.pid, ended.rss_nbytes, ended.command) == (child.pid, None, "")
        run.communicate(b"\n")


def test_a_file_that_is_no_journal_is_left_out(tmp_path: Path) -> None:
    """An empty, a cut and a foreign file beside the run are not processes."""
    folder = tmp_path / "t.ndmem.children"
    folder.mkdir()
    for name, data in {"1": b"", "2": b"NDMEMJ\r\n", "3": b"x" * 500}.items():
        (folder / f"{name}.ndmem").write_bytes(data)
    assert read_live_children(tmp_path / "t.ndmem") == ()

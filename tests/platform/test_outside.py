"""`outside`: another process, as far as the system shows it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.platform.test_smaps import region

from ndmem import breakdown
from ndmem.errors import ProcessError
from ndmem.platform.breakdown.outside import check_pid, outside
from ndmem.platform.breakdown.smaps import read_regions
from ndmem.platform.breakdown.stacks import thread_stacks

MIB = 2**20
needs_linux = pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="needs Linux")


@pytest.fixture
def proc(tmp_path):
    """A /proc with a process 7 of 30 KiB, of which 8 are files."""
    (tmp_path / "7").mkdir()
    (tmp_path / "7/status").write_text("Name:\tVmRSS: 9 kB\nVmRSS:\t 30 kB\nRssFile:\t 8 kB\nRssShmem:\t 2 kB\n")
    text = region("1000-11000 r-xp 0 00:01 7 /bin/prog", 5) + region("21000-31000 r--s 0 00:01 8 /data", 3)
    text += region("41000-51000 rw-s 0 00:01 9 /dev/shm/x", 2) + region("61000-71000 rw-p 0 00:00 0 [stack]", 1)
    # A thread that waits, its stack pointer in the region above a page that cannot be read.
    text += region("80000-81000 ---p 0 00:00 0 ", 0) + region("81000-91000 rw-p 0 00:00 0 ", 6)
    text += region("a1000-b1000 rw-p 0 00:00 0 ", 13)
    (tmp_path / "7/smaps").write_bytes(text)
    (tmp_path / "7/task/8").mkdir(parents=True)
    (tmp_path / "7/task/8/syscall").write_text("202 0x1 0x0 0x0 0x0 0x0 0x0 0x90f00 0x7f0000000000\n")
    (tmp_path / "7/task/9").mkdir()
    (tmp_path / "7/task/9/syscall").write_text("running\n")
    return tmp_path


def test_parts(proc):
    """Files, shared memory and stacks are known; what is of the process's own is unexplained."""
    found = outside(7, proc=proc)
    assert (found.rss, found.libraries, found.mapped) == (30 * 1024, 5 * 1024, 3 * 1024)
    assert (found.shared, found.stacks, found.unexplained) == (2 * 1024, 7 * 1024, 13 * 1024)
    assert found.arrays is found.heap is found.freed is found.python_used is found.untouched is None


def test_stacks_with_guard_pages_of_their_own_region(proc):
    """A region that guard pages divide into stacks is stacks; one that holds something else as well is not."""
    # Two stacks of 15 pages, each above its guard page; then one of 7 above 8 pages of something else and a guard page.
    text = region("200000-220000 rw-p 0 00:00 0 ", 4) + region("300000-310000 rw-p 0 00:00 0 ", 2)
    with (proc / "7/smaps").open("ab") as smaps:
        smaps.write(text)
    with (proc / "7/pagemap").open("wb") as pagemap:
        for guard in (0x200, 0x210, 0x308):
            pagemap.seek(8 * guard)
            pagemap.write((1 << 58).to_bytes(8, "little"))
        pagemap.truncate(8 * 0x400)
    for thread, pointer in {10: 0x20F0F0, 11: 0x218000, 12: 0x30C000}.items():
        (proc / f"7/task/{thread}").mkdir()
        (proc / f"7/task/{thread}/syscall").write_text(f"202 0x1 0x0 0x0 0x0 0x0 0x0 {pointer:#x} 0x7f0000000000\n")
    stacks = thread_stacks(read_regions(7, proc=proc), 7, proc=proc)
    assert stacks == [(0x81000, 0x10000), (0x201000, 0xF000), (0x211000, 0xF000), (0x309000, 0x7000)]
    assert outside(7, proc=proc).stacks == (1 + 6 + 4) * 1024


def test_another_users_process(proc, monkeypatch):
    """Without the right to read the memory map, what everybody may know is told, and the rest is None."""

    def refuse(pid, proc):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("ndmem.platform.breakdown.outside.read_regions", refuse)
    found = outside(7, proc=proc)
    assert (found.rss, found.shared, found.libraries, found.stacks) == (30 * 1024, 2 * 1024, None, None)
    assert "another user" in found.notes[0]
    assert "8 KiB" in found.notes[1]


def test_ended_meanwhile(proc):
    """A process that ends between two looks is an error of one line."""
    (proc / "7/smaps").unlink()
    with pytest.raises(ProcessError, match=r"^process 7 has just ended; choose another process$"):
        outside(7, proc=proc)
    (proc / "7/smaps").touch()
    with pytest.raises(ProcessError, match=r"^process 7 has just ended; choose another process$"):
        outside(7, proc=proc)


@pytest.mark.parametrize("status", ["", "Name:\tkthreadd\n", "VmRSS: many kB\n", "\x00\xff\ud800", "VmRSS:"])
def test_without_memory(proc, status):
    """A part of the kernel, a process that waits for its parent, and a text that is not a status have no memory."""
    (proc / "7/status").write_bytes(status.encode("utf-8", "surrogatepass"))
    with pytest.raises(ProcessError, match=r"^process 7 has no memory"):
        outside(7, proc=proc)


@pytest.mark.parametrize(
    "pid",
    [True, 0, -1, 2**31, pytest.param(10**5000, id="long"), "7", "seven", 1.5, float("nan"), b"7", [7], "\x1b[31m"],
)
def test_no_pid(pid):
    """What cannot be a process id is refused in one line without control characters."""
    with pytest.raises(ProcessError, match="is not a process id") as caught:
        check_pid(pid)
    assert str(caught.value).isprintable()
    with pytest.raises(ProcessError):
        breakdown(pid)


def test_gone():
    """A process that has ended is not there."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with pytest.raises(ProcessError, match=f"^process {gone.pid} does not exist, or "):
        breakdown(gone.pid)


@needs_linux
def test_another_one():
    """200 MiB of an array in another process are in its unexplained part, and its files are known."""
    code = "import numpy as np; a = np.ones(200 << 17); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        other.stdout.readline()
        found = breakdown(other.pid)
        other.communicate(b"\n")
    assert (found.pid, found.arrays) == (other.pid, None)
    assert 200 * MIB < found.unexplained < 260 * MIB
    assert found.libraries > MIB
    assert sum(nbytes or 0 for nbytes in found.parts.values()) + found.unexplained == found.rss


@needs_linux
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root to become another user")
def test_really_another_users_process():
    """A user without permission gets RSS and a reason for a process of root."""
    code = (
        "import os, sys, ndmem; ndmem.breakdown; import ndmem.platform.breakdown.outside, psutil; os.setuid(65534)\n"
        "found = ndmem.breakdown(int(sys.argv[1])); print(found.rss > 2**20, found.libraries, found.notes[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(os.getpid())], capture_output=True, text=True, check=True, cwd=Path("/")
    )
    note = f"Process {os.getpid()} belongs to another user: no permission to read its memory map."
    assert done.stdout == f"True None {note}\n"

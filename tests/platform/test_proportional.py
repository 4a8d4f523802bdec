"""Resident memory of several processes: who they are, and what each has of shared pages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ndmem.platform.resident.proportional import Shares, add_shares, list_processes, read_shares

KIB = 1024
needs_linux = pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux")


def write_process(proc: Path, pid: int, threads: dict[int, str], rollup: str = "") -> None:
    """Write a process with the children of each of its threads."""
    for thread, children in threads.items():
        (proc / f"{pid}/task/{thread}").mkdir(parents=True)
        (proc / f"{pid}/task/{thread}/children").write_text(children)
    (proc / f"{pid}/smaps_rollup").write_text(rollup)


def test_descendants_of_all_threads_are_found(tmp_path: Path) -> None:
    """Children that any thread started, and theirs, are listed once each; one that has ended is left out."""
    write_process(tmp_path, 1, {1: "2 3 ", 9: "4 "})
    write_process(tmp_path, 2, {2: "5 6 "})
    for pid in (3, 4, 5):
        write_process(tmp_path, pid, {pid: ""})
    assert sorted(list_processes(1, proc=str(tmp_path))) == [1, 2, 3, 4, 5]
    assert list_processes(7, proc=str(tmp_path)) == []


def test_shares_are_those_of_the_kernels_table(tmp_path: Path) -> None:
    """Each figure is the line of its name, in KiB; a line that merely begins like it is another."""
    write_process(
        tmp_path,
        1,
        {1: ""},
        "5500-7fff ---p 00000000 00:00 0 [rollup]\nRss:  900 kB\nPss: 300 kB\nPss_Dirty: 7 kB\nPss_Anon: 150 kB\n"
        "Pss_File: 50 kB\nPss_Shmem: 100 kB\nShared_Clean: 1 kB\n",
    )
    assert read_shares(1, proc=str(tmp_path)) == Shares(900 * KIB, 300 * KIB, 100 * KIB, 50 * KIB)


@pytest.mark.parametrize("text", ["", "x\nRss: 1 kB\n", "x\nRss: many kB\nPss: 1 kB\n", "x\nRss:\nPss: 1 kB\n"])
def test_a_table_that_is_no_table_says_nothing(text: str, tmp_path: Path) -> None:
    """A process that has no figures, as one that is ending, has no shares."""
    write_process(tmp_path, 1, {1: ""}, text)
    assert read_shares(1, proc=str(tmp_path)) is None
    assert read_shares(2, proc=str(tmp_path)) is None


def test_what_is_not_known_of_one_is_not_known_of_the_sum() -> None:
    """Sums are by kind, and an old kernel's gaps stay gaps."""
    assert add_shares([Shares(9, 5, 2, 1), Shares(8, 4, 1, 0)]) == Shares(17, 9, 3, 1)
    assert add_shares([Shares(9, 5, 2, 1), Shares(8, 4, None, None)]) == Shares(17, 9, None, None)


@needs_linux
def test_shared_pages_are_divided() -> None:
    """Of 8 MiB that two processes share, each has 4 MiB in proportion and 8 MiB resident."""
    nbytes = 8 * 2**20
    program = (
        "import mmap, os, sys\nshared = mmap.mmap(-1, 8 * 2**20)\nshared.write(bytes(8 * 2**20))\n"
        "if os.fork() == 0: shared.seek(0); shared.read(8 * 2**20)\n"
        "print(os.getpid(), flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        both = [int(parent.stdout.readline()) for _ in range(2)]
        assert sorted(list_processes(parent.pid)) == sorted(both)
        shares = [read_shares(pid) for pid in both]
        parent.communicate()
    assert [each and each.shared_memory for each in shares] == [nbytes // 2, nbytes // 2]
    assert all(each is not None and each.rss > nbytes for each in shares)


@needs_linux
def test_a_child_of_another_program_is_found() -> None:
    """A process that executed another program is a descendant still, and is gone when it has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert child.pid in list_processes(os.getpid())
        child.communicate(b"\n")
    assert child.pid not in list_processes(os.getpid())

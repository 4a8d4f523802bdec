"""The sandbox uses each mechanism that the system has, and names what is missing."""

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.forking import forks
from tests.planning.worker.sandboxed import CHANGES, N, refuse

import ndmem
from ndmem.planning.worker.sandbox import containment, system_call_filter, system_calls

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or bool(containment.find_containment().gaps), reason="this kernel does not contain it"
)


@forks
@pytest.mark.parametrize("version", [0, 1])
def test_without_landlock_nothing_is_opened_for_writing(version: int, tmp_path: Path) -> None:
    """Where the kernel has no Landlock, or an old one, system calls alone keep files as they are; reading works."""
    path = tmp_path / "data"
    path.write_bytes(b"abc")
    tries = {name: change for name, change in CHANGES.items() if name not in ("rename from the folder", "fopen")}
    if version:  # the rest is Landlock's
        tries = {name: tries[name] for name in ("truncate", "truncating open")}
    child = os.fork()
    if not child:
        status = 1
        try:
            system_call_filter.refuse_system_calls(version)
            for change in tries.values():
                with pytest.raises(PermissionError):
                    change(path)
            os.open(path, os.O_RDONLY)
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert path.read_bytes() == b"abc"


def test_numbers_of_system_calls_are_the_kernels() -> None:
    """Each number is that of the kernel's own headers, where they are installed."""
    headers = (Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), Path("/usr/include/asm-generic/unistd.h"))
    groups = [group for name, group in vars(system_calls).items() if name.isupper() and name != "MACHINES"]
    compared = 0
    for column, header in enumerate(headers):
        if not header.exists():
            continue
        known = {}
        for line in header.read_text("ascii", "replace").splitlines():
            words = line.split()
            if len(words) == 3 and words[1].startswith(("__NR_", "__NR3264_")) and words[2].isdigit():
                known[words[1].split("_", 3)[3]] = int(words[2])
        for group in groups:
            for name, numbers in group.items():
                if name in known:
                    assert numbers[column] == known[name], name
                    compared += 1
    if not compared:
        pytest.skip("no headers of the kernel")


def test_each_mechanism_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A mechanism that fails where the system has it ends the dry run before the function runs."""

    def fails(*arguments: Any) -> None:
        raise OSError(errno.EINVAL, "no such mechanism")

    for name in ("replace_descriptors", "make_maps_private", "allow_changes_only_in", "refuse_system_calls"):
        with monkeypatch.context() as patched:
            patched.setattr(containment, name, fails)
            marker = tmp_path / name
            # A module's function would be run in a fresh interpreter, which is contained.
            lock = threading.Lock()

            def writes(x: Any, marker: Path = marker, lock: Any = lock) -> Any:
                marker.write_bytes(b"")
                return x

            assert "cannot be set up" in refuse(writes)
            assert not marker.exists()


_AS_ANOTHER_USER = """
import ctypes, os, sys
import numpy as np
import ndmem
ndmem.predict(lambda x: x, "f8[n]", dims=ndmem.dims(n=10**6))  # imports what only root may read
os.setgid(65534)
os.setuid(65534)
path = sys.argv[1].encode()
def work(x):
    file = ctypes.CDLL(None, use_errno=True).open(path, os.O_WRONLY | os.O_TRUNC)
    if file < 0:
        raise OSError(ctypes.get_errno(), "open")
    return x
try:
    ndmem.predict(work, "f8[n]", dims=ndmem.dims(n=10**6))
except ndmem.PredictionError as error:
    print(error)
print(ndmem.predict(lambda x: x + 1, "f8[n]", dims=ndmem.dims(n=10**6)).peak)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_it_holds_for_a_user_without_rights(tmp_path: Path) -> None:
    """No right of root's is needed: a user's own file stays as it is."""
    path = tmp_path / "data"
    path.write_bytes(b"abc")
    path.chmod(0o666)
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_uid == os.getuid() and str(folder).startswith("/tmp/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    program = tmp_path / "program.py"
    program.write_text(_AS_ANOTHER_USER, "utf-8")
    done = subprocess.run([sys.executable, program, path], capture_output=True, text=True, check=False)
    assert "the sandbox denies" in done.stdout, done.stderr
    assert "8000008" in done.stdout, done.stderr
    assert path.read_bytes() == b"abc"


def test_what_is_not_contained_is_said_before_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel contains nothing, a warning says so before the function runs, and the prediction keeps it."""
    monkeypatch.setattr(containment, "find_version", lambda: 0)
    monkeypatch.setattr(containment, "is_available", lambda: False)
    told: list[str] = []
    with pytest.warns(RuntimeWarning, match="write and delete files") as caught:
        found = ndmem.predict(
            lambda x: x + 1, "f8[n]", dims=N, native=False, progress=lambda text: told.append(f"{len(caught)}")
        )
    assert told[0] == "1"
    assert any("write and delete files" in note for note in found.trace.run.notes)

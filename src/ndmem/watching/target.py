"""The process that ``ndmem attach`` is asked to record: what it is, and whether recording can begin there."""

from __future__ import annotations

import itertools
import os
import pwd
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from ndmem.errors import ProcessError, TrackingError
from ndmem.platform.system import IS_LINUX
from ndmem.tracking.journal.locate import find_mapped_journal

from .process_state import ENDED, STOPPED, read_state

_PYTHON_FILE = re.compile(rb"(?:libpython|\.cpython-|/python)3\.?(\d+)(t?)(?:d?\.so|m?-|d?$)")
"""Name of a file that is mapped into a Python: its library, an extension, or the interpreter itself."""


@dataclass(frozen=True, slots=True)
class Target:
    """A running program.

    Attributes
    ----------
    pid : int
        Its process id.
    uid, gid : int
        The user and the group that it runs as.
    """

    pid: int
    uid: int
    gid: int

    @property
    def state(self) -> str:
        """Letter of the state of its main thread; empty when it has ended."""
        return read_state(self.pid)

    @property
    def is_alive(self) -> bool:
        """Whether it still runs; false for one that has ended and that its parent has not waited for."""
        return self.state not in ENDED

    @property
    def is_stopped(self) -> bool:
        """Whether a signal such as SIGSTOP, or a debugger, has stopped it."""
        return self.state in STOPPED


def find_target(pid: int) -> Target:
    """Examine a process, without disturbing it.

    Raises
    ------
    ProcessError
        If there is no such process, or access to it is denied.
    TrackingError
        If it is not a program that this ndmem can record, or it is recorded already.
    """
    if not IS_LINUX:
        raise TrackingError("ndmem attach needs Linux; start the program with ndmem run")
    folder = Path(f"/proc/{pid}")
    try:
        found = folder.stat()
        state = read_state(pid)
    except OSError:
        state = ""
    if state in ENDED:
        raise ProcessError(f"there is no running process {pid}; pass the process id of a Python program")
    if pid == os.getpid():
        raise ProcessError(f"process {pid} is this command itself; pass the process id of another Python program")
    try:
        maps = (folder / "maps").read_bytes()
        _check_container(folder)
    except OSError:
        raise ProcessError(_describe_denial(pid, found.st_uid)) from None
    check_python(pid, maps, _describe_command(folder))
    if _runs_ndmem(folder):
        raise TrackingError(f"process {pid} is ndmem run itself; watch its program with: ndmem live {pid}")
    journal = find_mapped_journal(pid)
    if journal is not None:
        raise TrackingError(f"process {pid} is recorded already, in {journal}; watch it with: ndmem live {pid}")
    if state in STOPPED:
        raise TrackingError(f"process {pid} is stopped; let it go on with: kill -CONT {pid}")
    return Target(pid, found.st_uid, found.st_gid)


def _runs_ndmem(folder: Path) -> bool:
    """Whether a process is the command ``ndmem run``, which records another one."""
    words = (folder / "cmdline").read_bytes().split(b"\0")
    return any(word.rpartition(b"/")[2] == b"ndmem" and after == b"run" for word, after in itertools.pairwise(words))


def _check_container(folder: Path) -> None:
    for kind in ("mnt", "pid"):
        if (folder / "ns" / kind).readlink() != Path(f"/proc/self/ns/{kind}").readlink():
            raise TrackingError(
                f"process {folder.name} runs in another container or namespace; run ndmem attach inside it, for "
                "example: docker exec CONTAINER ndmem attach PID, with the process id there"
            )


def check_python(pid: int, maps: bytes, command: str) -> None:
    """Raise if a process is not a Python of this minor version, by the files that are mapped into it."""
    files = {line.split(None, 5)[5] for line in maps.splitlines() if len(line.split(None, 5)) == 6}
    found = {(int(match[1]), bool(match[2])) for file in files for match in [_PYTHON_FILE.search(file)] if match}
    if not found:
        raise TrackingError(f"process {pid} ({command}) is not a Python program; ndmem attach records Python programs")
    # An interpreter may have an extension of the stable ABI, but none of another version.
    minor, is_free = max(found)
    if is_free:
        raise TrackingError(f"process {pid} is a free-threaded CPython 3.{minor}; ndmem needs one with the GIL")
    if minor != sys.version_info[1]:
        own = ".".join(map(str, sys.version_info[:2]))
        raise TrackingError(
            f"process {pid} runs CPython 3.{minor} and this ndmem CPython {own}; use the ndmem of its own "
            f"environment: {_find_interpreter(pid)} -m ndmem attach {pid}"
        )


def _find_interpreter(pid: int) -> str:
    """Return the path of a program's interpreter; that in its environment where its command line has it."""
    try:
        first = os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0])
        return first if first.startswith("/") else str(Path(f"/proc/{pid}/exe").readlink())
    except OSError:
        return "python"


def _describe_command(folder: Path) -> str:
    try:
        return (folder / "comm").read_text(errors="replace").strip()
    except OSError:
        return "unknown"


def _describe_denial(pid: int, owner: int) -> str:
    if owner != os.geteuid():
        user = _name_user(owner)
        able = " or ".join(dict.fromkeys([user, "root"]))
        return f"no permission to attach to process {pid}: it belongs to {user}; run ndmem attach as {able}"
    return describe_forbidden(pid)


def describe_forbidden(pid: int) -> str:
    """Write why the system denied access to a process of the same user, and what to do."""
    scope = _read_scope()
    if scope:
        return (
            f"no permission to attach to process {pid}: kernel.yama.ptrace_scope is {scope}; run ndmem attach as root, "
            "or allow it with: sysctl kernel.yama.ptrace_scope=0"
        )
    return (
        f"no permission to attach to process {pid}: ptrace is forbidden here; run ndmem attach as root, and start a "
        "container with --cap-add=SYS_PTRACE"
    )


def _read_scope() -> int:
    try:
        return int(Path("/proc/sys/kernel/yama/ptrace_scope").read_text())
    except (OSError, ValueError):
        return 0


def _name_user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"

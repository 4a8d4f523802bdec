"""What a dry run may not do: write files, talk to others, start or end processes.

An audit hook hears what Python itself does. A C library that opens a file by its own means is not heard; a memory map
that is shared with others is shared with the dry run.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

# Event → how many of its first arguments are paths that must lie in the working folder.
_CHANGES: Final = {
    "os.remove": 1,
    "os.rename": 2,
    "os.rmdir": 1,
    "os.mkdir": 1,
    "os.link": 2,
    "os.symlink": 2,
    "os.truncate": 1,
    "os.chmod": 1,
    "os.chown": 1,
    "os.setxattr": 1,
    "shutil.rmtree": 1,
    "shutil.move": 2,
}
_REFUSED: Final = {
    "socket.connect": "talks to the network",
    "socket.bind": "talks to the network",
    "socket.sendto": "talks to the network",
    "socket.sendmsg": "talks to the network",
    "socket.getaddrinfo": "talks to the network",
    "socket.gethostbyname": "talks to the network",
    "subprocess.Popen": "starts a process",
    "os.system": "starts a process",
    "os.exec": "starts a process",
    "os.posix_spawn": "starts a process",
    "os.spawn": "starts a process",
    "os.fork": "starts a process",
    "os.forkpty": "starts a process",
    "os.kill": "sends a signal",
    "os.killpg": "sends a signal",
}


class RefusalError(PermissionError):
    """A dry run tried what it may not do."""


class Sandbox:
    """The refusals of this process, which cannot be taken back.

    Attributes
    ----------
    refused : list of str
        What was refused, even if the function took no notice.
    """

    def __init__(self, folder: Path) -> None:
        self.refused: list[str] = []
        self._folder = str(folder.resolve())
        self._process = f"/proc/{os.getpid()}/"

    def close(self) -> None:
        """Refuse from now on."""
        _separate_descriptors()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            if _writes(mode, flags):
                self._check_path("writes a file", path)
        elif event in _CHANGES:
            for path in arguments[: _CHANGES[event]]:
                self._check_path("changes files", path)
        elif event == "sqlite3.connect":
            if arguments[0] != ":memory:":
                self._check_path("writes a file", arguments[0])
        elif event in _REFUSED:
            self._refuse(f"{_REFUSED[event]} ({event})")

    def _check_path(self, what: str, path: Any) -> None:
        if isinstance(path, int):
            return
        name = os.path.realpath(os.fsdecode(path))
        if name != os.devnull and not name.startswith((self._folder + os.sep, self._process)) and name != self._folder:
            self._refuse(f"{what} ({os.fsdecode(path)!r})")

    def _refuse(self, what: str) -> None:
        if what not in self.refused:
            self.refused.append(what)
        raise RefusalError(f"a dry run may not do this: it {what}")


def _writes(mode: Any, flags: Any) -> bool:
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & _WRITING)


def _separate_descriptors() -> None:
    """Part with the open files of the process that was forked: their positions are shared with it."""
    try:
        numbers = [int(name) for name in os.listdir("/proc/self/fd")]  # noqa: PTH208  # names, not paths
    except OSError:  # not Linux
        return
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in numbers:
        if number > 2 and number != nothing:
            _separate(number, nothing)


_kept: set[int] = set()


def keep_descriptor(number: int) -> None:
    """Leave a descriptor as it is: it is the dry run's own."""
    _kept.add(number)


def _separate(number: int, nothing: int) -> None:
    if number in _kept:
        return
    _try(lambda: _reopen(number, nothing))


def _reopen(number: int, nothing: int) -> None:
    kind = os.fstat(number).st_mode
    fcntl = __import__("fcntl")
    reads_only = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
    if stat.S_ISREG(kind) and reads_only:
        at = os.lseek(number, 0, os.SEEK_CUR)
        other = os.open(f"/proc/self/fd/{number}", os.O_RDONLY)
        os.lseek(other, at, os.SEEK_SET)
        os.dup2(other, number, inheritable=False)
        os.close(other)
    elif not stat.S_ISCHR(kind):
        os.dup2(nothing, number, inheritable=False)


def _try(action: Callable[[], None]) -> None:
    try:
        action()
    except OSError:  # closed meanwhile, or a file that is gone
        return

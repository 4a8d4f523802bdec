"""Refuse operations of Python code that have effects outside the child, and name them.

An audit hook is called for operations of Python itself. It is not called if a C library opens a file: the kernel
refuses that, and nothing names it, see `landlock`.
"""

import os
import sys
from pathlib import Path
from typing import Any, Final

_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

# Event → number of its first arguments that are paths; they must be in the working folder.
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
    """The sandbox refused an operation."""


class Refusals:
    """Refuses operations of Python code in this process, irrevocably.

    Attributes
    ----------
    found : list of str
        Refused operations, also those whose error the function caught.
    """

    def __init__(self, folder: Path) -> None:
        self.found: list[str] = []
        self._folder = str(folder.resolve())

    def install(self) -> None:
        """Refuse operations from now on."""
        sys.addaudithook(self._check)

    def _check(self, event: str, arguments: tuple[Any, ...]) -> None:
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
        if name != os.devnull and not name.startswith(self._folder + os.sep) and name != self._folder:
            self._refuse(f"{what} ({os.fsdecode(path)!r})")

    def _refuse(self, what: str) -> None:
        if what not in self.found:
            self.found.append(what)
        raise RefusalError(f"refused by the sandbox of ndmem: the function {what}")


def _writes(mode: Any, flags: Any) -> bool:
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & _WRITING)

"""The working folder of a child: removed after the run, or by the next prediction if the process was killed."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import Final

_PREFIX: Final = "ndmem-predict-"
"""A folder with this name is locked from the moment on at which it gets it: if it is not, its process has ended."""

_UNLOCKED: Final = "ndmem-new-"
"""A folder that its process has yet to lock and rename; nothing was written to it."""

_NEW_S: Final = 60.0
_TRIES: Final = 3

_present: Final[set[WorkingFolder]] = set()


class WorkingFolder:
    """A new, empty folder; locked for the lifetime of this process, and removed when it exits at the latest.

    Attributes
    ----------
    path : Path
        Its path.
    """

    def __init__(self) -> None:
        _remove_abandoned(Path(tempfile.gettempdir()))
        new = Path(tempfile.mkdtemp(prefix=_UNLOCKED))
        self._lock: int | None = _lock(new)
        self.path = new.rename(new.with_name(_PREFIX + new.name.removeprefix(_UNLOCKED)))
        self.owner = os.getpid()
        _present.add(self)

    def remove(self) -> None:
        """Remove the folder and its contents."""
        remove_tree(self.path)
        _present.discard(self)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


@atexit.register
def _remove_present() -> None:
    """Remove the folders of predictions in threads that end with this process; a fork of it has others' folders."""
    for folder in [each for each in _present if each.owner == os.getpid()]:
        folder.remove()


def _remove_abandoned(where: Path) -> None:
    """Remove the folders of killed processes: those that no process has locked."""
    with contextlib.suppress(OSError):
        for path in (*where.glob(f"{_PREFIX}*"), *where.glob(f"{_UNLOCKED}*")):
            with contextlib.suppress(OSError):
                found = path.lstat()
                is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
                is_new = path.name.startswith(_UNLOCKED) and time.time() - found.st_mtime <= _NEW_S
                if is_ours and not is_new:
                    lock = _lock(path)
                    if lock is not None:
                        remove_tree(path)
                        os.close(lock)


def _lock(path: Path) -> int | None:
    """Lock a folder for as long as the descriptor is open; ``None`` if another process has locked it."""
    import fcntl  # only on POSIX

    file = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    return file


def remove_tree(path: Path) -> None:
    """Remove a folder, including subfolders that the function created without permissions."""
    for _ in range(_TRIES):  # a thread of the function may write while it is killed
        for folder, names, _files in os.walk(path):
            for name in names:
                inner = Path(folder, name)
                if not inner.is_symlink():
                    with contextlib.suppress(OSError):
                        inner.chmod(stat.S_IRWXU)
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            break
        with contextlib.suppress(OSError):
            path.chmod(stat.S_IRWXU)

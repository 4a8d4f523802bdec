"""The working folder of a child: removed after the run, or by a later prediction if the process was killed."""

import contextlib
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import Final

_PREFIX: Final = "ndmem-predict-"
_NEW_S: Final = 60.0
"""A younger folder may belong to a process that has not locked it yet."""


class WorkingFolder:
    """A new, empty folder; locked for the lifetime of this process.

    Attributes
    ----------
    path : Path
        Its path.
    """

    def __init__(self) -> None:
        _remove_abandoned(Path(tempfile.gettempdir()))
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._lock: int | None = _lock(self.path)

    def remove(self) -> None:
        """Remove the folder and its contents."""
        _remove(self.path)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _remove_abandoned(where: Path) -> None:
    """Remove the folders of killed processes: those that no process has locked."""
    with contextlib.suppress(OSError):
        for path in where.glob(f"{_PREFIX}*"):
            with contextlib.suppress(OSError):
                found = path.lstat()
                is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
                if is_ours and time.time() - found.st_mtime > _NEW_S:
                    lock = _lock(path)
                    if lock is not None:
                        _remove(path)
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


def _remove(path: Path) -> None:
    """Remove a folder, including subfolders that the function created without permissions."""
    for folder, names, _ in os.walk(path):
        for name in names:
            inner = Path(folder, name)
            if not inner.is_symlink():
                with contextlib.suppress(OSError):
                    inner.chmod(stat.S_IRWXU)
    shutil.rmtree(path, ignore_errors=True)

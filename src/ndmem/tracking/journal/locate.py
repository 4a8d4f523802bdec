"""Find the journal that a process writes."""

import os
from pathlib import Path

import psutil

from ndmem.errors import TrackingError
from ndmem.platform.system import IS_LINUX
from ndmem.tracking.partial import JOURNAL_MAGIC

_DELETED = " (deleted)"


class UntrackedError(TrackingError):
    """A process runs, and is not recorded."""


def find_journal(pid: int) -> Path:
    """Return the journal of a tracked process, or of the program that a launcher has started.

    Parameters
    ----------
    pid : int
        Of the program, or of its ``ndmem run``.

    Raises
    ------
    UntrackedError
        If it is not tracked.
    TrackingError
        If there is no such process, access to it is denied, or its journal was deleted.
    """
    if not IS_LINUX:
        raise TrackingError(
            f"the file that process {pid} writes can be found on Linux only; pass the file, as run.ndmem"
        )
    try:
        process = psutil.Process(pid)
        family = [process, *process.children()]
    except (psutil.Error, ValueError, OverflowError):
        raise TrackingError(f"there is no process {pid}; pass the program's process id or its file") from None
    for member in family:
        try:
            journals = list(_mapped_journals(member.pid))
        except FileNotFoundError:  # it has just ended
            continue
        except PermissionError:
            raise TrackingError(
                f"no permission to inspect process {pid}: it belongs to another user; pass its file instead"
            ) from None
        if journals:
            return _choose(journals, member.pid)
    raise UntrackedError(
        f"process {pid} is not tracked: it was not started by ndmem run, or has not started recording yet; "
        f"record it as it runs with: ndmem attach {pid}"
    )


def find_mapped_journal(pid: int) -> Path | None:
    """Return the journal that a process writes, ``None`` if it writes none.

    Raises
    ------
    OSError
        If the process has ended, or access to it is denied.
    """
    journals = [path for path in _mapped_journals(pid) if not str(path).endswith(_DELETED)]
    # The child of a fork maps the journal of its parent.
    return next((path for path in journals if _read_pid(path) == pid), None)


def _choose(journals: list[Path], pid: int) -> Path:
    """Return the journal that the process itself began; the child of a fork also maps its parent's."""
    there = [path for path in journals if not str(path).endswith(_DELETED)]
    if not there:
        raise TrackingError(f"the journal of process {pid} was deleted: {str(journals[0])[: -len(_DELETED)]}")
    return next((path for path in there if _read_pid(path) == pid), there[0])


def _mapped_journals(pid: int) -> list[Path]:
    """Return the files that a process has mapped for writing and that begin as a journal does."""
    paths: dict[Path, None] = {}
    for line in Path(f"/proc/{pid}/maps").read_bytes().splitlines():
        # address permissions offset device inode path
        fields = line.split(None, 5)
        if len(fields) == 6 and fields[1] == b"rw-s":
            path = Path(os.fsdecode(fields[5]))
            if str(path).endswith((f".ndmem{_DELETED}", f".partial{_DELETED}")) or (
                path.is_file() and _read_start(path)[:8] == JOURNAL_MAGIC
            ):
                paths[path] = None
    return list(paths)


def _read_start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(16)
    except OSError:
        return b""


def _read_pid(path: Path) -> int:
    return int.from_bytes(_read_start(path)[12:16], "little")

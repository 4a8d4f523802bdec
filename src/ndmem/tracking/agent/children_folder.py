"""The folder beside a run's file with the journals of the processes that the program started.

``FILE.children/`` has a journal for each process with significant memory (see `is_worth_keeping`), ``endings`` with a
line for each process that its parent waited for, and ``unrecorded`` with a byte for each process beyond the maximum
number. The first process that needs the folder creates it.

Used inside the program: imports only modules that Python's own start imports. pathlib costs 5 ms of every start.
"""

from __future__ import annotations

import os
import time

from ndmem.tracking.partial import named_by

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_JOURNALS = 1000
"""A journal takes 256 KiB on disk while its process runs, and a report of more processes is not readable."""

# Python with NumPy takes 10 to 11 MiB (CPython 3.11, NumPy 2.4) or 17 (3.14, 2.5, whose forkserver imports it with the
# main module), a worker or another helper of multiprocessing 3 MiB: a row with no more than that says nothing about the
# program.
_WORTH_KEEPING_NBYTES = 24 * 2**20

_ENDINGS, _UNRECORDED, _SUFFIX = "endings", "unrecorded", ".ndmem"

# The name that a run's file has until its process id is known; the launcher gives it the real one within a moment.
STARTING = ".starting"
_LONGEST_START_S = 2.0


class ChildrenFolder:
    """The folder of the journals of a run's children.

    Parameters
    ----------
    path : str
        Absolute path; the folder need not exist.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def exists(self) -> bool:
        """Whether the folder exists."""
        return os.path.isdir(self.path)  # noqa: PTH112  # no pathlib

    def create_journal(self, pid: int) -> tuple[str, int] | None:
        """Create a process's journal; return its path and descriptor, or ``None`` if there are too many.

        Raises
        ------
        OSError
            If it cannot be created.
        """
        if not self.exists():
            self._create()
        if sum(name.endswith(_SUFFIX) for name in os.listdir(self.path)) >= MOST_JOURNALS:  # noqa: PTH208
            self._append(_UNRECORDED, b".")
            return None
        number = 0
        while True:
            # Process ids are reused, and a process that executes another program keeps its id.
            path = f"{self.path}/{pid}{f'.{number}' if number else ''}{_SUFFIX}"
            try:
                return path, os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            except FileExistsError:
                number += 1

    def _create(self) -> None:
        try:
            os.mkdir(self.path)  # noqa: PTH102  # no pathlib
        except FileExistsError:  # another process was faster
            return

    def note_ending(self, pid: int, status: int) -> None:
        """Write down how a process ended, if the folder exists."""
        try:
            self._append(_ENDINGS, f"{pid} {status} {time.time_ns()}\n".encode())
        except OSError:  # no child of the run allocated an array, or the disk is full
            return

    def _append(self, name: str, text: bytes) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(f"{self.path}/{name}", flags, 0o666)
        try:
            os.write(descriptor, text)
        finally:
            os.close(descriptor)

    def list_journals(self) -> list[str]:
        """Return the paths of the journals, in order of their names; none if there is no folder."""
        try:
            names = sorted(os.listdir(self.path))  # noqa: PTH208  # no pathlib
        except OSError:
            return []
        return [f"{self.path}/{name}" for name in names if name.endswith(_SUFFIX)]

    def read_endings(self) -> dict[int, list[tuple[int, int]]]:
        """Return exit status, or minus the signal, and nanoseconds since the epoch, of each ending of each process."""
        endings: dict[int, list[tuple[int, int]]] = {}
        for line in self._read(_ENDINGS).split(b"\n"):
            try:
                pid, status, ended_ns = map(int, line.split())
            except ValueError:  # cut, or not ours
                continue
            endings.setdefault(pid, []).append((status, ended_ns))
        return endings

    def count_unrecorded(self) -> int:
        """Return the number of processes beyond the maximum number of journals."""
        return len(self._read(_UNRECORDED))

    def _read(self, name: str) -> bytes:
        try:
            with open(f"{self.path}/{name}", "rb") as file:  # noqa: PTH123  # no pathlib
                return file.read(2**24)
        except OSError:
            return b""

    def move(self, other: ChildrenFolder) -> None:
        """Move the files of ndmem to another folder, and delete this one if nothing else is in it."""
        if not self.exists():
            return
        other._create()
        for path in self._list_own():
            try:
                os.rename(path, f"{other.path}/{os.path.basename(path)}")  # noqa: PTH104, PTH119  # no pathlib
            except OSError:  # a file that cannot be moved does not keep the others
                continue
        for folder in (self.path, other.path):
            try:
                os.rmdir(folder)  # noqa: PTH106  # no pathlib
            except OSError:  # it has files
                continue

    def remove_if_empty(self) -> None:
        """Delete the folder if it has no journal."""
        if not self.list_journals() and not self.count_unrecorded():
            self.clear()

    def clear(self) -> None:
        """Delete the files of ndmem, and the folder if nothing else is in it."""
        for path in self._list_own():
            try:
                os.unlink(path)  # noqa: PTH108  # no pathlib
            except OSError:  # a file that cannot be deleted does not keep the others
                continue
        try:
            os.rmdir(self.path)  # noqa: PTH106  # no pathlib
        except OSError:  # there is none, or it has files of other programs
            return

    def _list_own(self) -> Iterator[str]:
        yield from self.list_journals()
        yield f"{self.path}/{_ENDINGS}"
        yield f"{self.path}/{_UNRECORDED}"


def is_worth_keeping(peak_nbytes: int, native_peak_nbytes: int) -> bool:
    """Whether a report of the run should have a child: one with arrays, or with more native memory than Python itself.

    Parameters
    ----------
    peak_nbytes, native_peak_nbytes : int
        Highest live bytes of its arrays, and of its native blocks.
    """
    return peak_nbytes > 0 or native_peak_nbytes >= _WORTH_KEEPING_NBYTES


def folder_of(path: str) -> ChildrenFolder:
    """Return the folder that belongs to a run's file, or to its record."""
    return ChildrenFolder(f"{named_by(os.path.realpath(path))}.children")


def older_folder_of(path: str) -> ChildrenFolder:
    """Return the folder to which that of an older run is moved until the new run has its own."""
    return ChildrenFolder(f"{folder_of(path).path}.older")


def folder_of_journal(descriptor: int) -> ChildrenFolder:
    """Return the folder that belongs to the journal which the launcher opened, whatever its present name is.

    Raises
    ------
    OSError
        If the descriptor is closed, or the system does not tell the name.
    """
    path, waited = _find_path(descriptor), 0.0
    while path.endswith(STARTING) and waited < _LONGEST_START_S:
        time.sleep(0.001)
        waited += 0.001
        path = _find_path(descriptor)
    return folder_of(path)


def _find_path(descriptor: int) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115  # no pathlib
    except FileNotFoundError:  # closed, or a system without /proc
        from ndmem import _native

        return _native.file_path(descriptor)

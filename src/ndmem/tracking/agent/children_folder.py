"""The folder beside a run's file where the processes that the program starts leave their journals.

``FILE.children/`` has a journal for each process that matters (see `is_worth_keeping`), ``endings`` with a line for
each process that was waited for, and ``unrecorded`` with a byte for each process that found the folder full. It is
made by the first process that needs it.

Used inside the program: imports nothing that Python has not imported by itself.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_JOURNALS = 1000
"""A journal takes 256 KiB of the disk while its process runs, and a report of more processes helps nobody."""

# Python with NumPy takes 10 to 11 MiB, a worker or a helper of multiprocessing 3: where nothing comes on top, a row
# says nothing of the program.
_WORTH_KEEPING_NBYTES = 16 * 2**20

_ENDINGS, _UNRECORDED, _SUFFIX = "endings", "unrecorded", ".ndmem"

# The name that a run's file has until its process id is known; the launcher gives it the real one within a moment.
STARTING = ".starting"
_LONGEST_START_S = 2.0


class ChildrenFolder:
    """Where the journals of a run's children are.

    Parameters
    ----------
    path : str
        Absolute; it need not be there.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def create_journal(self, pid: int) -> tuple[str, int] | None:
        """Make a process's journal; return its path and descriptor, or ``None`` if there are too many.

        Raises
        ------
        OSError
            If it cannot be made.
        """
        if not os.path.isdir(self.path):  # noqa: PTH112  # pathlib costs 5 ms of every start, see above
            self._make()
        if sum(name.endswith(_SUFFIX) for name in os.listdir(self.path)) >= MOST_JOURNALS:  # noqa: PTH208
            self._append(_UNRECORDED, b".")
            return None
        number = 0
        while True:
            # Process ids come again, and a process that executes another program keeps its own.
            path = f"{self.path}/{pid}{f'.{number}' if number else ''}{_SUFFIX}"
            try:
                return path, os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            except FileExistsError:
                number += 1

    def _make(self) -> None:
        try:
            os.mkdir(self.path)  # noqa: PTH102  # as above
        except FileExistsError:  # another process was faster
            return

    def note_ending(self, pid: int, status: int) -> None:
        """Write down how a process ended, if one has made the folder."""
        try:
            self._append(_ENDINGS, f"{pid} {status} {time.time_ns()}\n".encode())
        except OSError:  # no child of the run made an array, or the disk is full
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
            names = sorted(os.listdir(self.path))  # noqa: PTH208  # as above
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
        """Return how many processes found the folder full."""
        return len(self._read(_UNRECORDED))

    def _read(self, name: str) -> bytes:
        try:
            with open(f"{self.path}/{name}", "rb") as file:  # noqa: PTH123  # as above
                return file.read(2**24)
        except OSError:
            return b""

    def remove_if_empty(self) -> None:
        """Take the folder away if it has no journal."""
        if not self.list_journals() and not self.count_unrecorded():
            self.clear()

    def clear(self) -> None:
        """Take away what ndmem wrote here, and the folder if nothing else is in it."""
        for path in self._list_own():
            try:
                os.unlink(path)  # noqa: PTH108  # as above
            except OSError:  # noqa: PERF203  # one that stays does not keep the others
                continue
        try:
            os.rmdir(self.path)  # noqa: PTH106  # as above
        except OSError:  # there is none, or it has somebody else's files
            return

    def _list_own(self) -> Iterator[str]:
        yield from self.list_journals()
        yield f"{self.path}/{_ENDINGS}"
        yield f"{self.path}/{_UNRECORDED}"


def is_worth_keeping(peak_nbytes: int, native_peak_nbytes: int) -> bool:
    """Whether a child's journal says anything that a report of the run should have.

    It does if it has an array, or more native memory than an interpreter takes for itself.

    Parameters
    ----------
    peak_nbytes, native_peak_nbytes : int
        The most that its arrays, and its native blocks, had.
    """
    return peak_nbytes > 0 or native_peak_nbytes >= _WORTH_KEEPING_NBYTES


def folder_of(path: str) -> ChildrenFolder:
    """Return the folder that belongs to a run's file."""
    return ChildrenFolder(f"{path}.children")


def folder_of_journal(descriptor: int) -> ChildrenFolder:
    """Return the folder that belongs to the journal which the launcher opened, whatever it is called by now.

    Raises
    ------
    OSError
        If the descriptor is closed, or the system does not say the name.
    """
    link, waited = f"/proc/self/fd/{descriptor}", 0.0
    path = os.readlink(link)  # noqa: PTH115  # as above
    while path.endswith(STARTING) and waited < _LONGEST_START_S:
        time.sleep(0.001)
        waited += 0.001
        path = os.readlink(link)  # noqa: PTH115  # as above
    return folder_of(path)

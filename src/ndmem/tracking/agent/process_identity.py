"""Who a tracked process is among the processes of a run: its ancestors, and where its journal is.

Used inside the program: imports nothing that Python has not imported by itself.
"""

from __future__ import annotations

import os
import sys

from .folder import ChildrenFolder, folder_of_journal

# Above the descriptors that a program counts on being given next; the launcher's choice too.
_OUT_OF_THE_WAY = range(200, 264)


class Kinship:
    """A process of a run.

    Parameters
    ----------
    ancestors : tuple of int
        Process ids, from that of the program itself to that of the parent; empty for the program.
    begun : str
        How it came to be: ``"program"``, ``"fork"`` or ``"exec"``.
    folder : ChildrenFolder or None
        Where journals of children are, if that is known.
    descriptor : int
        Of the process's journal; -1 before it has one.
    """

    def __init__(self, ancestors: tuple[int, ...], begun: str, folder: ChildrenFolder | None, descriptor: int) -> None:
        self._pid = os.getpid()
        self._ancestors = ancestors
        self._begun = begun
        self._folder = folder
        self._descriptor = descriptor
        self._file = _identify(descriptor)
        self._path: str | None = None
        self._inherited = 0

    @classmethod
    def of_program(cls, descriptor: int) -> Kinship:
        """Return that of the program, whose journal the launcher opened."""
        return cls((), "program", None, descriptor)

    @classmethod
    def of_interpreter(cls, invitation: str) -> Kinship:
        """Return that of an interpreter which was executed with the text that its starter's `invite` returned."""
        ancestors, _, path = invitation.partition(":")
        pids = tuple(map(int, ancestors.split(",")))
        # A process that executes another program is its own successor.
        return cls(pids, "exec", ChildrenFolder(path), -1)

    def invite(self) -> str | None:
        """Return what an interpreter that this process starts must know; ``None`` if it cannot be tracked."""
        folder = self.find_folder()
        if folder is None:
            return None
        return f"{','.join(map(str, [*self._ancestors, self._pid]))}:{folder.path}"

    def fork(self, inherited_nbytes: int) -> None:
        """Become the child of a fork that shares arrays of so many bytes with its parent."""
        self._ancestors = (*self._ancestors, self._pid)
        self._pid = os.getpid()
        self._begun = "fork"
        self._path = None
        self._inherited += inherited_nbytes
        self.find_folder()  # while the parent's journal is open here

    def find_folder(self) -> ChildrenFolder | None:
        """Return the folder of the run's children, made or not; ``None`` if it cannot be known any more."""
        if self._folder is None:
            try:
                if _identify(self._descriptor) == self._file:
                    self._folder = folder_of_journal(self._descriptor)
            except OSError:
                return None
        return self._folder

    def create_journal(self) -> int | None:
        """Make the journal of this child and return its descriptor; ``None`` if there are too many.

        Raises
        ------
        OSError
            If it cannot be made.
        """
        folder = self.find_folder()
        made = None if folder is None else folder.create_journal(self._pid)
        if made is None:
            return None
        self._path, descriptor = made
        self._descriptor = self._lift(descriptor)
        self._file = _identify(self._descriptor)
        return self._descriptor

    def _lift(self, descriptor: int) -> int:
        """Move a descriptor out of the way, best to where the parent's journal was."""
        free = [number for number in _OUT_OF_THE_WAY if _identify(number) is None]
        is_parents = self._file is not None and _identify(self._descriptor) == self._file
        try:
            number = os.dup2(descriptor, self._descriptor if is_parents else free[0], inheritable=False)
        except (OSError, IndexError):  # the limit on open files is lower, or the program has a great many
            return descriptor
        os.close(descriptor)
        return number

    def discard_journal(self) -> None:
        """Take the journal of a child away, in which there is nothing."""
        path, self._path = self._path, None
        if path is not None:
            try:
                os.unlink(path)  # noqa: PTH108  # pathlib costs 5 ms of every start
            except OSError:
                return

    def describe(self, *, replaced: bool = False, at_end: bool = False) -> dict[str, object]:
        """Return what a journal should know of its process."""
        return {
            "begun": self._begun,
            "ancestors": self._ancestors,
            "inherited_nbytes": self._inherited,
            "replaced": replaced,
            "name": _find_name() if at_end else None,
        }


def _identify(descriptor: int) -> tuple[int, int] | None:
    """Return device and inode of an open file, ``None`` if the descriptor is not open."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _find_name() -> str | None:
    """Return the name that multiprocessing gave this process, if it did."""
    process = getattr(sys.modules.get("multiprocessing.process"), "_current_process", None)
    name = getattr(process, "_name", None)
    return name if isinstance(name, str) and name != "MainProcess" else None

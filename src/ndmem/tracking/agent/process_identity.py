"""Position of a tracked process in the process tree of a run, and its journal.

Used inside the program: imports only modules that Python's own start imports.
"""

from __future__ import annotations

import os
import sys

from .children_folder import ChildrenFolder, folder_of_journal

# Above the descriptors that a program expects to be given next; the launcher uses one of these too.
_OUT_OF_THE_WAY = range(200, 264)


class ProcessIdentity:
    """A process in the process tree of a run.

    Parameters
    ----------
    ancestors : tuple of int
        Process ids, from that of the program itself to that of the parent; empty for the program.
    begun : str
        How it was started: ``"program"``, ``"fork"`` or ``"exec"``.
    folder : ChildrenFolder or None
        Folder of the journals of children, if known.
    descriptor : int
        File descriptor of the process's journal; -1 before it has one.
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
    def of_program(cls, descriptor: int) -> ProcessIdentity:
        """Return the identity of the program, whose journal the launcher opened."""
        return cls((), "program", None, descriptor)

    @classmethod
    def of_interpreter(cls, parent: str) -> ProcessIdentity:
        """Return the identity of an interpreter, from the text that its parent's `encode_for_child` returned."""
        ancestors, _, path = parent.partition(":")
        pids = tuple(map(int, ancestors.split(",")))
        # A process that executes another program is its own parent here.
        return cls(pids, "exec", ChildrenFolder(path), -1)

    def encode_for_child(self) -> str | None:
        """Return the identity of an interpreter's parent as text, ``None`` if the interpreter cannot be tracked."""
        folder = self.find_folder()
        if folder is None:
            return None
        return f"{','.join(map(str, [*self._ancestors, self._pid]))}:{folder.path}"

    def become_fork(self, inherited_nbytes: int) -> None:
        """Become the child of a fork, which shares arrays of ``inherited_nbytes`` with its parent."""
        self._ancestors = (*self._ancestors, self._pid)
        self._pid = os.getpid()
        self._begun = "fork"
        self._path = None
        self._inherited += inherited_nbytes
        self.find_folder()  # now, while the parent's journal is open in this process

    def find_folder(self) -> ChildrenFolder | None:
        """Return the folder of the run's children, which may not exist; ``None`` if the journal was closed before."""
        if self._folder is None:
            try:
                if _identify(self._descriptor) == self._file:
                    self._folder = folder_of_journal(self._descriptor)
            except OSError:
                return None
        return self._folder

    def create_journal(self) -> int | None:
        """Create the journal of this child and return its descriptor; ``None`` if there are too many.

        Raises
        ------
        OSError
            If it cannot be created.
        """
        folder = self.find_folder()
        created = None if folder is None else folder.create_journal(self._pid)
        if created is None:
            return None
        self._path, descriptor = created
        self._descriptor = self._move_out_of_the_way(descriptor)
        self._file = _identify(self._descriptor)
        return self._descriptor

    def _move_out_of_the_way(self, descriptor: int) -> int:
        """Move a descriptor to a high number, if possible to that of the parent's journal."""
        free = [number for number in _OUT_OF_THE_WAY if _identify(number) is None]
        is_parents = self._file is not None and _identify(self._descriptor) == self._file
        try:
            number = os.dup2(descriptor, self._descriptor if is_parents else free[0], inheritable=False)
        except (OSError, IndexError):  # the limit on open files is lower, or all numbers are in use
            return descriptor
        os.close(descriptor)
        return number

    def discard_journal(self) -> None:
        """Delete the empty journal of a child."""
        path, self._path = self._path, None
        if path is not None:
            try:
                os.unlink(path)  # noqa: PTH108  # pathlib costs 5 ms of every start
            except OSError:
                return

    def describe(self, *, replaced: bool = False, at_end: bool = False) -> dict[str, object]:
        """Return the metadata of the process for its journal."""
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
    """Return the name that multiprocessing gave this process, if any."""
    process = getattr(sys.modules.get("multiprocessing.process"), "_current_process", None)
    name = getattr(process, "_name", None)
    return name if isinstance(name, str) and name != "MainProcess" else None

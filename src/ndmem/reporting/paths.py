"""File names in reports: as short as possible while an editor or terminal still finds the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ndmem.analysis.file_names import folder_name

from .plain import plain

if TYPE_CHECKING:
    from ndmem.model.trace import RunInfo

_LONGEST = 30
"""Most characters of a path in a table."""


@dataclass(frozen=True, slots=True)
class FileNames:
    """Names of files relative to the first folder that contains them.

    Attributes
    ----------
    folders : tuple of str
        The libraries, the longest path first, then the working folder and the program's.
    """

    folders: tuple[str, ...]

    def name(self, filename: str) -> str:
        """Return the name to show for a file."""
        if not filename:
            return "<no file>"
        for folder in self.folders:
            start = folder.rstrip("/\\")
            if start and filename.startswith((start + "/", start + "\\")):
                return plain(filename[len(start) + 1 :])
        return plain(filename)

    def short_place(self, filename: str, lineno: int | None) -> str:
        """Return file and line in a table's width; of a long path the end, because beginnings are often equal."""
        place = self.place(filename, lineno)
        return place if len(place) <= _LONGEST else "…" + place[1 - _LONGEST :]

    def place(self, filename: str, lineno: int | None) -> str:
        """Return file and line as ``file:line``, which editors and terminals can open."""
        return f"{self.name(filename)}:{lineno}" if lineno and filename else self.name(filename)


def file_names(run: RunInfo, *, folder: str | None = None) -> FileNames:
    """Return the names of a run's files.

    Parameters
    ----------
    run : RunInfo
        The run.
    folder : str or None
        The working folder; the process's own if not given.
    """
    program = run.program[0] if run.program else ""
    # site-packages lies inside the standard library's folder, and often inside the working folder.
    roots = sorted(run.library_roots, key=len, reverse=True)
    return FileNames((*roots, _working_folder() if folder is None else folder, folder_name(program)))


def _working_folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # it was deleted
        return ""

"""How a report names a file: as short as it can be and still be found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .plain import plain

if TYPE_CHECKING:
    from ndmem.model.trace import RunInfo

_LONGEST = 30
"""Characters of a path that a table has room for."""

_LAST_PART = re.compile(r"[/\\][^/\\]*$")


@dataclass(frozen=True, slots=True)
class FileNames:
    """Names files relative to the first folder that they are in.

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
        """Return file and line in a table's width: of a long path the end, which tells files apart."""
        place = self.place(filename, lineno)
        return place if len(place) <= _LONGEST else "…" + place[1 - _LONGEST :]

    def place(self, filename: str, lineno: int | None) -> str:
        """Return file and line, as editors and terminals understand it."""
        return f"{self.name(filename)}:{lineno}" if lineno and filename else self.name(filename)


def file_names(run: RunInfo, *, folder: str | None = None) -> FileNames:
    """Choose the names of a run's files.

    Parameters
    ----------
    run : RunInfo
        The run.
    folder : str or None
        The working folder; the process's own if not given.
    """
    program = run.program[0] if run.program else ""
    programs_folder = _LAST_PART.sub("", program) if _LAST_PART.search(program) else ""
    # site-packages lies inside the standard library's folder, and often inside the working folder.
    roots = sorted(run.library_roots, key=len, reverse=True)
    return FileNames((*roots, _working_folder() if folder is None else folder, programs_folder))


def _working_folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # it was deleted
        return ""

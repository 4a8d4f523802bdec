"""The file of a launched run: a journal while the program runs, a trace afterwards."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ndmem.errors import TrackingError

if TYPE_CHECKING:
    from ndmem.model.trace import Trace

# A journal's header and first blocks; see native/journal.c.
_FIRST_BLOCKS = 4 * 65536


@dataclass(frozen=True, slots=True)
class OutputFile:
    """An open file that a run is written to.

    Attributes
    ----------
    path : Path
        Where it is.
    descriptor : int
        Of the file, open for reading and writing.
    """

    path: Path
    descriptor: int

    def rename(self, path: Path) -> OutputFile:
        """Move the file; it stays open."""
        self.path.rename(path)
        return OutputFile(path, self.descriptor)

    def close(self) -> None:
        """Close the file; it stays where it is."""
        os.close(self.descriptor)

    def replace(self, trace: Trace) -> None:
        """Put a trace in the journal's place, so that at each moment one of them is whole.

        Raises
        ------
        OSError
            If there is no room; the journal is then still there.
        """
        from ndmem.model.codec import write_trace  # noqa: PLC0415  # needs NumPy, loaded after the launch

        beside = self.path.with_name(f".{self.path.name}.writing")
        try:
            write_trace(trace, beside)
            beside.replace(self.path)
        finally:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)


def open_output(path: Path | None, *, overwrite: bool) -> OutputFile:
    """Create the file of a run, and make sure that it can hold the beginning of one.

    Parameters
    ----------
    path : Path or None
        Where; ``None`` for a hidden file in the working folder, to be renamed when the process id is known.
    overwrite : bool
        Replace a file that is there.

    Raises
    ------
    TrackingError
        If the file is there and may not be replaced, or cannot be written.
    """
    place = path or Path(f".ndmem-{os.getpid()}.starting")
    if place.exists():
        if not place.is_file():
            raise TrackingError(f"cannot write a trace to {place}: it is not a regular file; name one with -o")
        if path is not None and not overwrite:
            raise TrackingError(f"{place} exists from an older run; name another file with -o, or pass --force")
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | (os.O_TRUNC if overwrite or path is None else os.O_EXCL)
    try:
        descriptor = os.open(place, flags, 0o666)
    except OSError as error:
        where = str(path) if path else f"a trace to {_working_folder()}"
        raise TrackingError(f"cannot write {where}: {error.strerror}; name another place with -o") from error
    try:
        os.posix_fallocate(descriptor, 0, _FIRST_BLOCKS)
        os.ftruncate(descriptor, 0)
        return OutputFile(place.absolute(), descriptor)
    except OSError as error:
        os.close(descriptor)
        with contextlib.suppress(OSError):
            place.unlink()
        raise TrackingError(f"cannot write a trace to {place}: {error.strerror}; name another place with -o") from error


def _working_folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return "the working folder, which is gone"

"""The file of a launched run: a record beside it while the program runs, then a trace in its place."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ndmem.errors import TrackingError
from ndmem.file_kind import HDF5, NPY, NPZ, PARQUET, PYTHON, identify_file
from ndmem.platform.disk_space import reserve_disk_space
from ndmem.tracking.journal.file.blocks import complete_journal
from ndmem.tracking.partial import JOURNAL_MAGIC, begins_as_record, partial_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from ndmem.model.trace import Trace

# A journal's header and first blocks; see csrc/tracker/journal/journal.c.
_FIRST_BLOCKS = 4 * 65536

# Compressing takes 0.2 µs an event, and the user waits for it; a longer journal is kept as it is, at 24 bytes an event.
_MOST_EVENTS_TO_REWRITE = 100_000

_PRIVATE, _USUAL = 0o600, 0o666


@dataclass(slots=True)
class OutputFile:
    """The file of a run, from its start to its end.

    Attributes
    ----------
    path : Path
        Path of the trace, without symbolic links. A file of this name is never mapped or deleted; the empty file that
        reserves the name is replaced, and so is an older file if ``overwrite``.
    partial : Path
        Path of the record until then.
    descriptor : int
        File descriptor of the record, open for reading and writing.
    overwrite : bool
        Replace a file that is at ``path`` when the run ends.
    reserved : bool
        An empty file was created at ``path`` to reserve the name.
    reserved_by_us : bool
        The name is ndmem's own choice, not the user's.
    """

    path: Path
    partial: Path
    descriptor: int
    overwrite: bool
    reserved: bool
    reserved_by_us: bool = False

    def close(self) -> None:
        """Close the record's descriptor; the file stays."""
        os.close(self.descriptor)

    def settle_at(self, paths: Iterator[Path]) -> None:
        """Take the first free one of several paths, and move the record beside it; it stays open."""
        self.path = next(path for path in paths if _reserve(path))
        self.reserved = self.reserved_by_us = True
        partial = Path(partial_of(str(self.path)))
        self.partial.rename(partial)
        self.partial = partial

    def finish(self, trace: Trace) -> None:
        """Write a trace, put it at ``path``, and delete the record.

        Raises
        ------
        OSError
            If the disk is full; the record is then still there.
        """
        from ndmem.model.trace_file.writing import write_trace  # needs NumPy, loaded after the launch

        beside = self.path.with_name(f".{self.path.name}.writing")
        try:
            write_trace(trace, beside)
            self._publish(beside)
        finally:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
        self.partial.unlink(missing_ok=True)

    def save(self, trace: Trace, known: Mapping[str, Any]) -> str:
        """Put a trace at ``path``, or for a long run, or on a full disk, the record itself.

        Parameters
        ----------
        trace : Trace
            The trace.
        known : mapping
            Metadata that the record itself has not, as JSON values.

        Returns
        -------
        str
            Why the trace is not there; empty if it is.

        Raises
        ------
        OSError
            If the record cannot be moved; it is then still where it was.
        """
        try:
            if len(trace.events) <= _MOST_EVENTS_TO_REWRITE:
                self.finish(trace)
            else:
                complete_journal(self.partial, {**known, "sources": dict(trace.sources)})
                self.keep_record()
        except OSError as error:
            self.keep_record()
            return f"could not save the trace ({error.strerror}); the journal is in {self.path}"
        return ""

    def keep_record(self) -> None:
        """Put the record itself at ``path``.

        Raises
        ------
        OSError
            If the record cannot be moved; it is then still where it was.
        """
        self._publish(self.partial)

    def abandon(self) -> None:
        """Delete the empty record, and the empty file that reserves the name."""
        with contextlib.suppress(OSError):
            self.partial.unlink()
        with contextlib.suppress(OSError):
            if self.reserved and self.path.stat().st_size == 0:
                self.path.unlink()

    def find(self) -> Path | None:
        """Return the file that has the run now; ``None`` if there is none."""
        if self.partial.exists():
            return self.partial
        return self.path if self.path.exists() and self.path.stat().st_size else None

    def _publish(self, file: Path) -> None:
        """Move a finished file to ``path``, or beside it if another process has written there meanwhile."""
        if not _reserve(self.path) and not self.overwrite and self.path.stat().st_size:
            self.path = next(path for path in _others(self.path) if _reserve(path))
        # The mode of the replaced file; that of the file that reserves the name follows the umask.
        file.chmod(stat.S_IMODE(self.path.stat().st_mode))
        file.replace(self.path)


def _others(path: Path) -> Iterator[Path]:
    number = 1
    while True:
        yield path.with_name(f"{path.stem}.{number}{path.suffix}")
        number += 1


def _reserve(path: Path) -> bool:
    """Create an empty file; false if the path exists."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _USUAL))
    except FileExistsError:
        return False
    return True


def open_output(path: Path | None, *, overwrite: bool) -> OutputFile:
    """Create the record of a run, with disk space for its first blocks.

    Parameters
    ----------
    path : Path or None
        Path of the trace; ``None`` for a hidden record in the working folder, which `settle_at` moves.
    overwrite : bool
        Replace a file at ``path``.

    Raises
    ------
    TrackingError
        If the file exists and may not be replaced, or cannot be written.
    """
    where = str(path) if path else f"a trace to {_working_folder()}"
    try:
        if path is None:
            # Ranks on several machines may share the folder, and have the same process id.
            record = Path(f".ndmem-{os.uname().nodename}-{os.getpid()}.starting").absolute()
            return _create(OutputFile(record, record, -1, overwrite=False, reserved=False))
        place = Path(os.path.realpath(path))
        existed = _check(path, overwrite=overwrite)
        _delete_old_record(Path(partial_of(str(place))), path)
        if not existed and not _reserve(place):
            raise FileExistsError(errno.EEXIST, "another process has just created it")
        return _create(OutputFile(place, Path(partial_of(str(place))), -1, overwrite=overwrite, reserved=not existed))
    except OSError as error:
        raise TrackingError(f"cannot write {where}: {error.strerror}; choose another path with -o") from error


def _check(path: Path, *, overwrite: bool) -> bool:
    """Return whether a file at the path will be replaced.

    Raises
    ------
    TrackingError
        If it may not be replaced.
    OSError
        If it cannot be examined.
    """
    try:
        found = path.stat()  # follows links: /dev/stdout may lead to a file without a name
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(found.st_mode):
        raise TrackingError(f"cannot write a trace to {path}: it is not a regular file; choose one with -o")
    kind = identify_file(path)
    if kind in {PYTHON, NPY, NPZ, HDF5, PARQUET}:  # no older run wrote it, whatever --force says
        raise TrackingError(f"{path} exists and is {kind.name}, not a trace; choose another path with -o")
    if not overwrite:
        raise TrackingError(f"{path} exists from an older run; choose another path with -o, or replace it with --force")
    for stream in range(3):
        with contextlib.suppress(OSError):  # it is closed
            if os.path.samestat(found, os.fstat(stream)):
                raise TrackingError(
                    f"cannot write a trace to {path}: the program itself writes there; choose another path with -o"
                )
    return True


def _delete_old_record(partial: Path, path: Path) -> None:
    """Delete the record that a killed run left at the path of the new record.

    Raises
    ------
    TrackingError
        If the file is not a record, or its program still runs.
    OSError
        If it cannot be deleted.
    """
    if not os.path.lexists(partial):
        return
    with partial.open("rb") as file:
        head = file.read(32)
    if head and not begins_as_record(str(partial)):
        raise TrackingError(
            f"cannot write {path}: {partial} exists and is not a file of ndmem; choose another path with -o"
        )
    if head.startswith(JOURNAL_MAGIC):
        from ndmem.platform.alive import writes_to  # rarely needed

        pid, started_ns = int.from_bytes(head[12:16], "little"), int.from_bytes(head[24:32], "little")
        if writes_to(pid, partial, started=started_ns / 1e9):
            raise TrackingError(
                f"cannot write {path}: process {pid} is being recorded there; choose another path with -o"
            )
    partial.unlink()


def _create(file: OutputFile) -> OutputFile:
    """Open the record, and reserve disk space for its first blocks.

    Raises
    ------
    OSError
        If that fails; no file is left then.
    """
    # Private until it is finished; then others may read it as the user's umask says.
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        file.descriptor = os.open(file.partial, flags, _PRIVATE)
        try:
            reserve_disk_space(file.descriptor, 0, _FIRST_BLOCKS)
            os.ftruncate(file.descriptor, 0)
        except OSError:
            os.close(file.descriptor)
            raise
    except OSError:
        file.abandon()
        raise
    return file


def _working_folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return "the working folder, which was deleted"

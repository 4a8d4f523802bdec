"""Copy the folder of a program, so that a run of the copy changes nothing of the user's."""

from __future__ import annotations

import enum
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from ndmem.errors import TrackingError
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LEFT_OUT = frozenset({
    ".git", ".hg", ".svn", ".venv", ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__",
    "node_modules",
})  # fmt: skip
"""Folders that a program does not read its data from."""

_RECORDS = (".ndmem", ".ndmem.partial")
_LARGE_NBYTES = 2**24
"""Files from this size on are linked, where the kernel refuses to write to them through the link."""

_MOST_NBYTES = 2**30
_MOST_FILES = 20_000


def common_folder(paths: Iterable[Path]) -> Path:
    """Return the innermost folder that has all of some folders."""
    return Path(os.path.commonpath([os.path.abspath(path) for path in paths]))  # noqa: PTH100  # without "..", links stay


def copy_folder(source: Path, target: Path, *, links: bool) -> None:
    """Copy a folder.

    Parameters
    ----------
    source, target : Path
        The folder, and the copy, which must not exist.
    links : bool
        Link large files instead of copying them: nothing can be written to them then.

    Raises
    ------
    TrackingError
        If the folder has too many files, or too many bytes.
    """
    most = min(_MOST_NBYTES, shutil.disk_usage(target.parent).free // 2)
    found = _list_files(source, target.parent, links=links, most=most)
    target.mkdir()
    for place, kind in found:
        if kind is _Kind.FOLDER:
            (target / place).mkdir()
        else:
            _copy_file(source / place, target / place, source, is_linked=kind is _Kind.LARGE)


class _Kind(enum.Enum):
    """What is done with an entry of a folder."""

    FOLDER = enum.auto()
    FILE = enum.auto()
    LARGE = enum.auto()
    """A file that is linked."""


def _list_files(source: Path, leaving: Path, *, links: bool, most: int) -> list[tuple[Path, _Kind]]:
    """List what is to be copied, before anything is: a folder that is too large is refused at once."""
    listed: list[tuple[Path, _Kind]] = []
    total = 0
    for place, entry in _walk(source, Path(), leaving=leaving.stat()):
        found = entry.stat(follow_symlinks=False)
        kind = _Kind.FILE
        if stat.S_ISDIR(found.st_mode):
            kind = _Kind.FOLDER
        elif stat.S_ISREG(found.st_mode):
            kind = _Kind.LARGE if links and found.st_size >= _LARGE_NBYTES else kind
            total += 0 if kind is _Kind.LARGE else found.st_size
        listed.append((place, kind))
        if len(listed) > _MOST_FILES or total > most:
            what = f"{_MOST_FILES:,} files" if len(listed) > _MOST_FILES else format_nbytes(most)
            raise TrackingError(
                f"nothing can be tried: the folder {str(source)!r} has more than {what}, and a trial copies it; move "
                "the program into a folder of its own and record it there"
            )
    return listed


def _walk(folder: Path, place: Path, *, leaving: os.stat_result) -> Iterator[tuple[Path, os.DirEntry[str]]]:
    """Yield what is to be copied with its place in the copy, each folder before what is in it."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False):
                inner = Path(entry.path)
                if (
                    entry.name in _LEFT_OUT
                    or os.path.samestat(entry.stat(), leaving)
                    or (inner / "pyvenv.cfg").exists()
                ):
                    continue
                if not os.access(inner, os.R_OK | os.X_OK):
                    continue
                yield place / entry.name, entry
                yield from _walk(inner, place / entry.name, leaving=leaving)
            elif not entry.name.endswith(_RECORDS) and (entry.is_symlink() or entry.is_file()):
                yield place / entry.name, entry


def _copy_file(source: Path, target: Path, root: Path, *, is_linked: bool) -> None:
    if is_linked:
        target.symlink_to(source)
    elif source.is_symlink():
        _copy_link(source, target, root)
    elif os.access(source, os.R_OK):
        shutil.copy2(source, target)
        target.chmod(target.stat().st_mode | stat.S_IWUSR)


def _copy_link(source: Path, target: Path, root: Path) -> None:
    """Copy a link that stays inside the folder as a link, and what another one names as a file."""
    written, found = source.readlink(), source.resolve()
    if not written.is_absolute() and found.is_relative_to(root.resolve()):
        target.symlink_to(written)
    elif found.is_file() and found.stat().st_size < _LARGE_NBYTES:
        shutil.copy2(found, target)
        target.chmod(target.stat().st_mode | stat.S_IWUSR)
    else:
        target.symlink_to(found)

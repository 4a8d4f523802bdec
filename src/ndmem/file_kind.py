"""Tell what a file is by its first bytes, for the message of a reader that expected another kind."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import Final

_START: Final = 1024
"""Bytes that are read to recognize a file."""


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file is.

    Attributes
    ----------
    name : str
        With its article: ``"a PNG image"``.
    advice : str
        What to do with it, with ``{}`` for the file; empty if ndmem has nothing for it.
    """

    name: str
    advice: str = ""

    def advise(self, file: str) -> str:
        """Write what to do with a file of this kind; empty if ndmem has nothing for it."""
        return self.advice.format(file)


_WEIGH: Final = "weigh it with: ndmem weigh {}"
_READ_BACK: Final = "a report cannot be read back: pass the .ndmem file it was made from"

TRACE: Final = FileKind("a trace of ndmem", "show it with: ndmem report {}")
JOURNAL: Final = FileKind("the record of a program under ndmem run", "show it with: ndmem report {}")
STARTING: Final = FileKind("the record of a program that has not begun recording", "try again in a second")
EMPTY: Final = FileKind("an empty file", "it was not written completely, or its program has recorded nothing yet")
FOLDER: Final = FileKind("a folder", "name a file in it")
CHILDREN: Final = FileKind("the folder of a run's child processes", "name the run's own file, without .children")
DEVICE: Final = FileKind("a device or pipe", "name a regular file")
PYTHON: Final = FileKind("a Python program", "run it with: ndmem run {}")
MPROF: Final = FileKind("a file of mprof", "draw it with: ndmem mprof plot {}")
NPY: Final = FileKind("a NumPy array (.npy)", _WEIGH)
NPZ: Final = FileKind("a NumPy archive (.npz)", _WEIGH)
HDF5: Final = FileKind("an HDF5 file", _WEIGH)
PARQUET: Final = FileKind("a Parquet file", _WEIGH)
COMPILED: Final = FileKind("a compiled program or library")
OFFICE: Final = FileKind("an Office document")
ZIP: Final = FileKind("a zip archive", "unpack it first")
ARCHIVES: Final = frozenset({TRACE, NPZ, OFFICE, ZIP})
"""Zip archives, told apart by their first member."""

NO_PROGRAMS: Final = frozenset({TRACE, JOURNAL, STARTING, NPY, NPZ, HDF5, PARQUET, COMPILED, MPROF})
"""What Python cannot run. Other kinds may be a program: a zip archive, a text without .py."""

TEXT: Final = FileKind("a text file")
BINARY: Final = FileKind("a binary file of an unknown format")

_BY_START: Final = (
    (b"NDMEMJ\r\n", JOURNAL),
    (b"NDMEMO\r\n", STARTING),
    (b"\x93NUMPY", NPY),
    (b"\x89PNG", FileKind("a PNG image")),
    (b"\xff\xd8\xff", FileKind("a JPEG image")),
    (b"GIF8", FileKind("a GIF image")),
    (b"%PDF", FileKind("a PDF file")),
    (b"\x89HDF\r\n\x1a\n", HDF5),
    (b"PAR1", PARQUET),
    (b"memray\0", FileKind("a capture of memray", "read it with memray's own commands")),
    (b"\x7fELF", COMPILED),
    (b"\x1f\x8b", FileKind("a gzip file", "unpack it first")),
    (b"BZh", FileKind("a bzip2 file", "unpack it first")),
    (b"\xfd7zXZ\0", FileKind("an xz file", "unpack it first")),
    (b"\x28\xb5\x2f\xfd", FileKind("a zstd file", "unpack it first")),
    (b"SQLite format 3\0", FileKind("an SQLite database")),
    (b"\x80", FileKind("a pickle or another binary file")),
    (b"CMDLINE ", MPROF),
    (b"MEM ", MPROF),
)
_ZIP_STARTS: Final = (b"PK\x03\x04", b"PK\x05\x06")
_ZIP_NAME: Final = 30
"""Position of the first member's name in a zip archive; its length is in the four bytes before, with that of extras."""


def identify_file(path: str | os.PathLike[str]) -> FileKind:
    """Return what a file is.

    Parameters
    ----------
    path : path
        The file; also a folder or a device.

    Raises
    ------
    OSError
        If it does not exist or cannot be read.
    """
    name = os.fspath(path)
    mode = os.stat(name).st_mode  # noqa: PTH116  # pathlib costs 5 ms of every start
    if stat.S_ISDIR(mode):
        return CHILDREN if name.rstrip(os.sep).endswith(".children") else FOLDER
    if not stat.S_ISREG(mode):
        return DEVICE
    with open(name, "rb") as file:  # noqa: PTH123  # as above
        return identify(file.read(_START), name)


def identify(start: bytes, name: str = "") -> FileKind:
    """Return what a file is, by its first bytes and, for a text, its name."""
    if not start:
        return EMPTY
    if start.startswith(_ZIP_STARTS):
        return _identify_zip(start)
    for magic, kind in _BY_START:
        if start.startswith(magic):
            return kind
    # The last character may be cut.
    text = start.decode("utf-8", "replace").removesuffix("\N{REPLACEMENT CHARACTER}").lstrip("\ufeff")
    if "\N{REPLACEMENT CHARACTER}" in text or "\0" in text:
        return BINARY
    return _identify_text(text.lstrip().lower(), name)


def _identify_zip(start: bytes) -> FileKind:
    length = int.from_bytes(start[_ZIP_NAME - 4 : _ZIP_NAME - 2], "little")
    first = start[_ZIP_NAME : _ZIP_NAME + length]
    if first == b"trace.json":
        return TRACE
    if first.endswith(b".npy"):
        return NPZ
    if first == b"[Content_Types].xml":
        return OFFICE
    return ZIP


def _identify_text(text: str, name: str) -> FileKind:
    if name.endswith(".py") or (text.startswith("#!") and "python" in text.partition("\n")[0]):
        return PYTHON
    if text.startswith(("<!doctype html", "<html")):
        return FileKind("an HTML page", _READ_BACK)
    if text.startswith(("<?xml", "<svg")):
        return FileKind("an XML or SVG file")
    if text.startswith(("{", "[")):
        return FileKind("a JSON file", _READ_BACK)
    return TEXT

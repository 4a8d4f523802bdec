"""A zip archive of .npy files."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

from . import npy
from .stored import Stored


def read(path: Path) -> Iterator[Stored]:
    """Yield the arrays of an archive; of each only the header is unpacked."""
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.filename.endswith(".npy"):
                continue
            with archive.open(member) as file:
                name = member.filename.removesuffix(".npy")
                where = f"{path}, member {member.filename[:80]!r}"
                yield npy.describe(name, file, member.file_size, where, stored=member.compress_size)

"""Read a journal as the native core wrote it, checking every length and index.

A journal may have been cut at any byte, by a full disk or by the end of a machine, and a damaged one must not
be worse than a short one. `records` puts the records together, `compacted` accounts for events that were left out.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ndmem.errors import TraceError
from ndmem.model.trace_file.format_version import check_version
from ndmem.tracking.partial import JOURNAL_MAGIC

from .blocks import BLOCK, DETAILS, EVENTS, cut_blocks
from .compacted import renumber_compacted
from .header import VERSION
from .records import HEADER, Journal, gather_records

if TYPE_CHECKING:
    from collections.abc import Iterator

_VERSIONS = range(2, VERSION + 1)  # 2 has no compactions, 3 no details, 5 no mapped files
_SLICED = 5
"""First version in which a compaction runs in slices; before, only blocks of the latest compaction count."""

_COMPACTIONS = {EVENTS: "compaction", DETAILS: "details_compaction"}
"""By type of block: the field of the header that has the number of the latest compaction."""


def is_journal(path: str | os.PathLike[str]) -> bool:
    """Whether a file begins as a journal does."""
    with Path(path).open("rb") as file:
        return file.read(len(JOURNAL_MAGIC)) == JOURNAL_MAGIC


def read_journal(parts: list[bytes] | Path) -> Journal:
    """Read a journal from a file, or from the parts that `_native.Recording.read` gives.

    Raises
    ------
    TraceError
        If it is not a journal, or is shorter than its header.
    OSError
        If the file cannot be read.
    """
    blocks: Iterator[memoryview]
    if isinstance(parts, list):
        header, blocks = parts[0], map(memoryview, parts[1:])
    else:
        data = _read_whole(parts)
        header, blocks = bytes(data[: HEADER.itemsize]), cut_blocks(data)
    totals = read_header(header)
    return renumber_compacted(gather_records(totals, _split(blocks, Compactions.read(totals))))


@dataclass(frozen=True, slots=True)
class Compactions:
    """The latest compactions of a journal, by which its blocks count or do not.

    Attributes
    ----------
    latest : dict of int to int
        Number of the latest compaction, by type of block.
    sliced : bool
        Whether blocks that are begun during a compaction count before and after it.
    """

    latest: dict[int, int]
    sliced: bool

    @classmethod
    def read(cls, totals: np.void) -> Compactions:
        """Read the numbers from the header of a journal."""
        return cls({kind: int(totals[name]) for kind, name in _COMPACTIONS.items()}, bool(totals["version"] >= _SLICED))

    def count(self, kind: int, compaction: int, replaced: int) -> bool:
        """Whether a block counts, by the numbers in its header."""
        latest = self.latest.get(kind)
        if latest is None:
            return True
        if not self.sliced:
            return compaction == latest
        return compaction <= latest and (replaced == 0 or latest < replaced)


def read_header(header: bytes) -> np.void:
    """Return the totals of a journal.

    Raises
    ------
    TraceError
        If they are not those of a journal that this ndmem reads.
    """
    if len(header) < HEADER.itemsize or not header.startswith(JOURNAL_MAGIC):
        raise TraceError(
            "it is not a journal of ndmem, or is cut before its first event; copy it again, or record the program again"
        )
    totals: np.void = np.frombuffer(header, HEADER, 1)[0]
    check_version(int(totals["version"]), _VERSIONS)
    return totals


def _read_whole(path: Path) -> memoryview:
    """Read a file that may still be written; again if a compaction was published meanwhile, which refills blocks."""
    numbers = struct.Struct("=Q Q")  # of both compactions, the last fields of the header
    start = HEADER.itemsize - numbers.size
    with path.open("rb") as file:
        while True:
            file.seek(0)
            data = file.read()
            file.seek(start)
            if len(data) < HEADER.itemsize or file.read(numbers.size) == data[start : HEADER.itemsize]:
                return memoryview(data)


def _split(blocks: Iterator[memoryview], compactions: Compactions) -> Iterator[tuple[int, memoryview]]:
    """Yield type and committed bytes of each block that counts; events and details in order of their sequence."""
    compacted = []
    for block in blocks:
        _, kind, _, used, compaction, sequence, replaced = BLOCK.unpack_from(block)
        data = block[BLOCK.size : BLOCK.size + used]
        if kind not in compactions.latest:
            yield kind, data
        elif compactions.count(kind, compaction, replaced):
            compacted.append((sequence, kind, data))
    yield from ((kind, data) for _, kind, data in sorted(compacted, key=lambda block: block[0]))

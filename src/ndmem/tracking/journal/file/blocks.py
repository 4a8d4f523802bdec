"""The blocks of a journal's file: iterate over them, add one, and shrink the file, without NumPy.

`records` reads their contents. The launcher must not load NumPy for a run in which nothing was recorded.
"""

from __future__ import annotations

import json
import os
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GRAIN = 65536
"""Position of the first block."""

BLOCK = struct.Struct("=4sI Q Q Q Q Q 16x")
"""Magic, type, capacity, used, compaction, sequence, replaced."""
TEXT = struct.Struct("=I I Q")
NODES, EVENTS, TEXTS, DETAILS = 1, 2, 3, 4
META = 3
"""Type of the text that is a JSON object."""

DAMAGE = (
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    OverflowError,
    AttributeError,
    MemoryError,
    RecursionError,
    struct.error,
)
"""Exceptions that reading a corrupt journal can raise."""

_PAGE = 4096


def cut_blocks(data: memoryview) -> Iterator[memoryview]:
    """Yield the blocks of a file, each with its header, until one does not fit."""
    at = GRAIN
    while at + BLOCK.size <= len(data):
        magic, _, capacity, *_ = BLOCK.unpack_from(data, at)
        if magic != b"NDBK":
            return
        yield data[at : at + BLOCK.size + capacity]
        at += BLOCK.size + capacity


def split_texts(data: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """Yield type, number and bytes of each text in a block, until one does not fit."""
    at = 0
    while at + TEXT.size <= len(data):
        kind, number, nbytes = TEXT.unpack_from(data, at)
        at += TEXT.size
        if at + nbytes > len(data):
            return
        yield kind, number, data[at : at + nbytes]
        at += (nbytes + 7) // 8 * 8


def complete_journal(path: Path, meta: dict[str, Any]) -> None:
    """Add metadata to the journal of a program that has ended, and truncate the space that it did not use.

    Parameters
    ----------
    path : Path
        The journal.
    meta : dict
        What to add, as JSON values.

    Raises
    ------
    OSError
        If the disk is full; the journal is then unchanged.
    """
    text = json.dumps(meta).encode()
    text += bytes(-len(text) % 8)  # padding that the recorded length does not count
    record = TEXT.pack(META, 0, len(text.rstrip(b"\0"))) + text
    with path.open("r+b") as file:
        at, end = GRAIN, file.seek(0, os.SEEK_END)
        while True:
            file.seek(at)
            head = file.read(BLOCK.size)
            if len(head) < BLOCK.size:
                return
            magic, kind, capacity, used, *numbers = BLOCK.unpack(head)
            if at + BLOCK.size + capacity >= end:
                break
            at += BLOCK.size + capacity
        after = at + BLOCK.size + (used + 7) // 8 * 8
        file.seek(after)
        file.write(BLOCK.pack(b"NDBK", TEXTS, len(record), len(record), 0, 0, 0) + record)
        file.truncate()
        # Last: until here the new block is in space that the block before it reserves but does not use.
        file.seek(at)
        file.write(BLOCK.pack(magic, kind, after - at - BLOCK.size, used, *numbers))


def give_back_zeros(place: Path) -> None:
    """Rewrite a file without the pages that contain only zeros: of a short journal's 200 KiB a few remain.

    Raises
    ------
    OSError
        If the disk is full; the file is then unchanged.
    """
    data, beside = place.read_bytes(), place.with_name(f".{place.name}.writing")
    try:
        with beside.open("wb") as file:
            for at in range(0, len(data), _PAGE):
                if data.count(0, at, at + _PAGE) < min(_PAGE, len(data) - at):
                    file.seek(at)
                    file.write(data[at : at + _PAGE])
            file.truncate(len(data))
        beside.replace(place)
    finally:
        beside.unlink(missing_ok=True)

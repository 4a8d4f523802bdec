"""A journal as the native core wrote it: read, with every length and index doubted.

A journal may have been cut at any byte, by a full disk or by the end of a machine, and a damaged one must not
be worse than a short one. The layout is in native/journal.h and docs/reference/journal-format.md.
"""

from __future__ import annotations

import json
import os
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.errors import TraceError
from ndmem.model.holder import Holder
from ndmem.model.trace import no_folded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.model.columns import Folded

MAGIC = b"NDMEMJ\r\n"
_VERSIONS = {2, 3}  # the second writes no folds
_GRAIN = 65536

# fmt: off
_HEADER = np.dtype(
    [("magic", "S8"), ("version", "u4"), ("pid", "u4"), ("threshold", "u8"), ("started_ns", "i8"),
     ("duration_ns", "i8"), ("live", "i8"), ("peak", "i8"), ("peak_serial", "u8"), ("peak_events", "u8"),
     ("events", "u8"), ("births", "u8"), ("dropped", "u8"), ("missed", "u8"),
     ("merged", "u8"), ("peak_node", "u4"), ("state", "u4"), ("native_threshold", "u8"), ("native_live", "i8"),
     ("native_peak", "i8"), ("total_peak", "i8"), ("total_serial", "u8"), ("total_events", "u8"),
     ("total_node", "u4"), ("parent", "u4"), ("fold", "u8")]
)
_BLOCK = struct.Struct("=4sI Q Q Q Q 24x")
_NODE = np.dtype(
    [("id", "u4"), ("parent", "u4"), ("code", "u4"), ("offset", "i4"), ("lineno", "i4"), ("end_lineno", "i4"),
     ("col", "i4"), ("end_col", "i4"), ("stores", "u4"), ("domain", "u4"), ("live", "i8"), ("at_peak", "i8"),
     ("total", "i8"), ("count", "i8"), ("max_live", "i8"), ("peak_serial", "u8"), ("max_native", "i8"),
     ("at_total", "i8"), ("total_serial", "u8")]
)
# fmt: on
_EVENT = np.dtype(
    [("node", "u4"), ("thread", "u2"), ("domain", "u1"), ("kind", "u1"), ("payload", "i8"), ("live", "i8")]
)
_TEXT = struct.Struct("=I I Q")
_SIGHTING = struct.Struct("=q q I B B c c I I I I")
_NUMBER = struct.Struct("=q")
_BUDGET = struct.Struct("=q q")
_NODES, _EVENTS, _TEXTS = 1, 2, 3
_CODE, _SIGHTED, _META, _ORIGIN, _BUDGETED = 1, 2, 3, 4, 5

CLOCK = 2
"""Kind of the event that only says how late it is."""

FOLDED = 3
"""Kind of the mark in place of events that were left out."""

STOPPED = 2
"""State of a journal whose recording came to its end."""


@dataclass(frozen=True, slots=True, eq=False)
class Journal:
    """What a recording wrote, as it lies there.

    Attributes
    ----------
    header : void
        The recording's totals.
    nodes, events : structured arrays
        Call tree with counters; births, deaths and clock readings.
    codes : dict of int to (str, str)
        Filename and name of each code object.
    holders : tuple of Holder
        Sightings of array objects, in order.
    meta : dict
        What Python wrote about the run.
    origins : dict of int to str
        Which library mapped a native block, by the buffer's number.
    budgets : list of (int, int)
        The lowest budget for all arrays from so many events on, -1 for none; in order.
    folded : Folded
        Marks in place of events that were left out.
    """

    header: np.void
    nodes: np.ndarray[Any, Any]
    events: np.ndarray[Any, Any]
    codes: dict[int, tuple[str, str]]
    holders: tuple[Holder, ...]
    meta: dict[str, Any]
    origins: dict[int, str]
    budgets: list[tuple[int, int]]
    folded: Folded = field(default_factory=no_folded)


def is_journal(path: str | os.PathLike[str]) -> bool:
    """Whether a file begins as a journal does."""
    with Path(path).open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def read_journal(parts: list[bytes] | Path) -> Journal:
    """Read a journal from a file, or from the parts that `_native.Recording.read` gives.

    Raises
    ------
    TraceError
        If it is not a journal, or is shorter than its header.
    OSError
        If the file cannot be read.
    """
    from .folds import unfold  # noqa: PLC0415  # it reads what is here

    blocks: Iterator[memoryview]
    if isinstance(parts, list):
        header, blocks = parts[0], map(memoryview, parts[1:])
    else:
        data = _read_whole(parts)
        header, blocks = bytes(data[: _HEADER.itemsize]), _cut(data)
    totals = read_header(header)
    return unfold(_gather(totals, _split(blocks, int(totals["fold"]))))


def read_header(header: bytes) -> np.void:
    """Return the totals of a journal.

    Raises
    ------
    TraceError
        If they are not those of a journal that this ndmem reads.
    """
    if len(header) < _HEADER.itemsize or not header.startswith(MAGIC):
        raise TraceError("it is not a journal of ndmem, or is cut before its first event")
    totals: np.void = np.frombuffer(header, _HEADER, 1)[0]
    if totals["version"] not in _VERSIONS:
        raise TraceError(f"its journal has format {totals['version']}, this ndmem reads {max(_VERSIONS)}")
    return totals


def _read_whole(path: Path) -> memoryview:
    """Read a file that may still be written: again, if the program folded it meanwhile and filled blocks anew."""
    fold = slice(_HEADER.fields["fold"][1], _HEADER.itemsize)  # type: ignore[index]  # it has fields
    with path.open("rb") as file:
        while True:
            file.seek(0)
            data = file.read()
            file.seek(fold.start)
            if len(data) < fold.stop or file.read(fold.stop - fold.start) == data[fold]:
                return memoryview(data)


def complete_journal(path: Path, meta: dict[str, Any]) -> None:
    """Add to the journal of a program that has ended what is known only now, and give back the room it left.

    Parameters
    ----------
    path : Path
        The journal.
    meta : dict
        What to add, as JSON can hold it.

    Raises
    ------
    OSError
        If there is no room; the journal is then as it was.
    """
    text = json.dumps(meta).encode()
    text += bytes(-len(text) % 8)  # JSON may end in spaces, not in zeros: the length says where it ends
    record = _TEXT.pack(_META, 0, len(text.rstrip(b"\0"))) + text
    with path.open("r+b") as file:
        at, end = _GRAIN, file.seek(0, os.SEEK_END)
        while True:
            file.seek(at)
            head = file.read(_BLOCK.size)
            if len(head) < _BLOCK.size:
                return
            magic, kind, capacity, used, fold, sequence = _BLOCK.unpack(head)
            if at + _BLOCK.size + capacity >= end:
                break
            at += _BLOCK.size + capacity
        after = at + _BLOCK.size + (used + 7) // 8 * 8
        file.seek(after)
        file.write(_BLOCK.pack(b"NDBK", _TEXTS, len(record), len(record), 0, 0) + record)
        file.truncate()
        # Last: until here the new block lies in room that the one before it does not use.
        file.seek(at)
        file.write(_BLOCK.pack(magic, kind, after - at - _BLOCK.size, used, fold, sequence))


def _cut(data: memoryview) -> Iterator[memoryview]:
    """Yield the blocks of a file, each with its header, until one does not fit."""
    at = _GRAIN
    while at + _BLOCK.size <= len(data):
        magic, _, capacity, *_ = _BLOCK.unpack_from(data, at)
        if magic != b"NDBK":
            return
        yield data[at : at + _BLOCK.size + capacity]
        at += _BLOCK.size + capacity


def _split(blocks: Iterator[memoryview], fold: int) -> Iterator[tuple[int, memoryview]]:
    """Yield type and whole bytes of each block that counts; those of events in order."""
    events = []
    for block in blocks:
        _, kind, _, used, of_fold, sequence = _BLOCK.unpack_from(block)
        data = block[_BLOCK.size : _BLOCK.size + used]
        if kind != _EVENTS:
            yield kind, data
        elif of_fold == fold:
            events.append((sequence, data))
    yield from ((_EVENTS, data) for _, data in sorted(events, key=lambda block: block[0]))


def _gather(totals: np.void, blocks: Iterator[tuple[int, memoryview]]) -> Journal:
    nodes, events, codes, holders, meta, origins, budgets = [], [], {}, [], {}, {}, []
    for kind, data in blocks:
        if kind == _NODES:
            nodes.append(_records(data, _NODE))
        elif kind == _EVENTS:
            events.append(_records(data, _EVENT))
        elif kind == _TEXTS:
            for text_kind, number, text in _texts(data):
                if text_kind == _CODE:
                    codes[number] = _read_code(text)
                elif text_kind == _SIGHTED:
                    holders.append(_read_sighting(text))
                elif text_kind == _META:
                    meta.update(json.loads(text.tobytes()))
                elif text_kind == _ORIGIN:
                    (buffer,) = _NUMBER.unpack_from(text)
                    origins[buffer] = _decode(text[_NUMBER.size :])
                elif text_kind == _BUDGETED:
                    budgets.append(_BUDGET.unpack_from(text))
    return Journal(totals, _join(nodes, _NODE), _join(events, _EVENT), codes, tuple(holders), meta, origins, budgets)


def _records(data: memoryview, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    return np.frombuffer(data, dtype, len(data) // dtype.itemsize)


def _join(parts: list[np.ndarray[Any, Any]], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, dtype)


def _texts(data: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    at = 0
    while at + _TEXT.size <= len(data):
        kind, number, nbytes = _TEXT.unpack_from(data, at)
        at += _TEXT.size
        if at + nbytes > len(data):
            return
        yield kind, number, data[at : at + nbytes]
        at += (nbytes + 7) // 8 * 8


def _decode(text: memoryview) -> str:
    return text.tobytes().decode("utf-8", "surrogateescape")


def _read_code(text: memoryview) -> tuple[str, str]:
    (length,) = struct.unpack_from("=I", text)
    return _decode(text[4 : 4 + length]), _decode(text[4 + length :])


def _read_sighting(text: memoryview) -> Holder:
    buffer, events, itemsize, is_view, ndim, kind, order, *lengths = _SIGHTING.unpack_from(text)
    at = _SIGHTING.size
    shape = struct.unpack_from(f"={ndim}q", text, at)
    at += 8 * ndim
    words = []
    for length in lengths:
        words.append(_decode(text[at : at + length]))
        at += length
    name, item, function, dtype = words
    spelt = dtype or _spell_dtype(kind.decode("ascii"), order.decode("ascii"), itemsize)
    return Holder(buffer, name + item, function, shape, spelt, bool(is_view), events)


def _spell_dtype(kind: str, order: str, itemsize: int) -> str:
    """Write a builtin dtype as ``str(dtype)`` does; a structured one keeps only its size."""
    swapped = order if order in "<>" else ""
    # NumPy counts the characters of a str dtype, at four bytes each.
    count = itemsize // 4 if kind == "U" else itemsize
    try:
        return str(np.dtype("O" if kind == "O" else "?" if kind == "b" else f"{swapped}{kind}{count}"))
    except TypeError:
        return f"{kind}{itemsize}"

"""Journals written by hand: bytes laid out as docs/reference/journal-format.md says, without ndmem's reader."""

import json
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ndmem import api
from ndmem.model.trace import Trace

BORN, DIED, CLOCK, COMPACTED = 0, 1, 2, 3
ARRAY, NATIVE = 0, 1

_HEADER = struct.Struct("=8sIIQqqqqQQQQQQQIIQqqqQQIIQ")
_NODE = struct.Struct("=IIIiiiiiIIqqqqqQqqQ")
_EVENT = struct.Struct("=IHBBqq")


def header(**fields: int) -> bytes:
    """Return a header; fields that are not given are 0, but for the format and a version of 3."""
    names = [
        "version",
        "pid",
        "threshold",
        "started_ns",
        "duration_ns",
        "live",
        "peak",
        "peak_serial",
        "peak_events",
        "events",
        "births",
        "dropped",
        "missed",
        "merged",
        "peak_node",
        "state",
        "native_threshold",
        "native_live",
        "native_peak",
        "total_peak",
        "total_serial",
        "total_events",
        "total_node",
        "parent",
        "compaction",
    ]
    assert not fields.keys() - {*names}
    return _HEADER.pack(b"NDMEMJ\r\n", *({"version": 3, **fields}.get(name, 0) for name in names))


def node(number: int, parent: int, **fields: int) -> bytes:
    """Return the record of a node; fields that are not given are 0, its highest bytes -1."""
    names = [
        "code",
        "offset",
        "lineno",
        "end_lineno",
        "col",
        "end_col",
        "stores",
        "domain",
        "live",
        "at_peak",
        "total",
        "count",
        "max_live",
        "peak_serial",
        "max_native",
        "at_total",
        "total_serial",
    ]
    assert not fields.keys() - set(names)
    given = {"max_live": -1, "max_native": -1, **fields}
    return _NODE.pack(number, parent, *(given.get(name, 0) for name in names))


def event(at: int, kind: int, payload: int, live: int, *, domain: int = ARRAY, thread: int = 0) -> bytes:
    """Return an event at a node."""
    return _EVENT.pack(at, thread, domain, kind, payload, live)


def code(number: int, filename: str, name: str) -> bytes:
    """Return the text that names a code object."""
    file = filename.encode()
    return _text(1, number, struct.pack("=I", len(file)) + file + name.encode())


def origin(buffer: int, library: bytes) -> bytes:
    """Return the text that says which library mapped a block."""
    return _text(4, 0, struct.pack("=q", buffer) + library)


def meta(**fields: object) -> bytes:
    """Return the text of what is known of the run."""
    return _text(3, 0, json.dumps(fields).encode())


def _text(kind: int, number: int, text: bytes) -> bytes:
    return struct.pack("=IIQ", kind, number, len(text)) + text + bytes(-len(text) % 8)


def journal(head: bytes, nodes: Sequence[bytes], events: Sequence[bytes], texts: Sequence[bytes] = ()) -> bytes:
    """Return the file: the header, then a block of each type."""
    blocks = b"".join(block(kind, records) for kind, records in enumerate((nodes, events, texts), 1))
    return head.ljust(65536, b"\0") + blocks


def block(kind: int, records: Sequence[bytes], *, compaction: int = 0, sequence: int = 0, replaced: int = 0) -> bytes:
    """Return a block: 1 nodes, 2 events, 3 texts."""
    data = b"".join(records)
    return struct.pack("=4sIQQQQQ16x", b"NDBK", kind, len(data), len(data), compaction, sequence, replaced) + data


def read(data: bytes, folder: Path) -> Trace:
    """Read a journal from a file of its own."""
    path = folder / "hand.ndmem"
    path.write_bytes(data)
    return api.load(path).trace


def columns(*arrays: np.ndarray) -> list[list[int]]:
    """Return columns as lists, to be compared with what was written."""
    return [array.tolist() for array in arrays]

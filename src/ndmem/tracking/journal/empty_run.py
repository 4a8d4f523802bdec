"""Recognize a run in which nothing significant was recorded, without NumPy: loading NumPy takes 100 ms."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ndmem.tracking.journal.file.blocks import BLOCK, META, TEXTS, cut_blocks, split_texts
from ndmem.tracking.journal.file.header import STOPPED, WAITING, unpack_header

if TYPE_CHECKING:
    from pathlib import Path

# From 3.14 on Python's own start takes blocks of 64 and 128 KiB to read the program, and 1.2 MiB to compile modules.
_SIGNIFICANT_NBYTES = 2**21


@dataclass(frozen=True, slots=True)
class EmptyRun:
    """A run that allocated no array, and less native memory than a report mentions.

    Attributes
    ----------
    started_ns : int
        When the recording began, in nanoseconds since the epoch.
    duration_s : float
        How long it ran.
    native_threshold : int
        Bytes from which on native blocks are recorded; 0 if native memory was not watched.
    native_peak_nbytes : int
        Highest live bytes of native blocks.
    rss_peak_nbytes : int or None
        Highest resident memory, if known.
    rss_read_ns : int or None
        When the program read it at its end, in nanoseconds since the epoch.
    """

    started_ns: int
    duration_s: float
    native_threshold: int
    native_peak_nbytes: int
    rss_peak_nbytes: int | None
    rss_read_ns: int | None


def find_empty_run(path: Path) -> EmptyRun | None:
    """Return the figures of a run that ended by itself without anything significant in its record, ``None`` for others.

    A run with a note, or with NumPy, is not empty: its report needs the whole record.
    """
    data = memoryview(path.read_bytes())
    header = unpack_header(data)
    if header is None or header["state"] not in {WAITING, STOPPED}:
        return None
    if any(header[name] for name in ("live", "peak", "dropped", "missed")):
        return None
    if header["native_peak"] >= _SIGNIFICANT_NBYTES:
        return None
    meta = _read_meta(data)
    if meta is None or meta.get("numpy") is not None or meta.get("notes"):
        return None
    resident, read_ns = meta.get("rss_peak_nbytes"), meta.get("rss_read_ns")
    return EmptyRun(
        started_ns=header["started_ns"],
        duration_s=header["duration_ns"] / 1e9,
        native_threshold=header["native_threshold"],
        native_peak_nbytes=header["native_peak"],
        rss_peak_nbytes=resident if isinstance(resident, int) else None,
        rss_read_ns=read_ns if isinstance(read_ns, int) else None,
    )


def _read_meta(data: memoryview) -> dict[str, Any] | None:
    """Return the metadata of a run; ``None`` if it is damaged."""
    meta: dict[str, Any] = {}
    try:
        for block in cut_blocks(data):
            _, kind, _, used, *_ = BLOCK.unpack_from(block)
            texts = block[BLOCK.size : BLOCK.size + used] if kind == TEXTS else memoryview(b"")
            for text_kind, _, text in split_texts(texts):
                meta.update(json.loads(text.tobytes()) if text_kind == META else {})
    except (ValueError, TypeError):
        return None
    return meta

"""The records of a journal: the contents of its blocks, put together.

The layout is in csrc/tracker/journal/journal.h and docs/reference/journal-format.md.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.model.holder import ArrayForm, Holder
from ndmem.model.trace import no_compacted

from .blocks import DETAILS, EVENTS, META, NODES, TEXTS, split_texts
from .header import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.model.columns import Compacted

    Records = np.ndarray[Any, Any]

HEADER = np.dtype([(name, {"8s": "S8"}.get(code, code)) for name, code in FIELDS.items()])
"""Totals of a recording."""

# fmt: off
NODE = np.dtype(
    [("id", "u4"), ("parent", "u4"), ("code", "u4"), ("offset", "i4"), ("lineno", "i4"), ("end_lineno", "i4"),
     ("col", "i4"), ("end_col", "i4"), ("stores", "u4"), ("domain", "u4"), ("live", "i8"), ("at_peak", "i8"),
     ("total", "i8"), ("count", "i8"), ("max_live", "i8"), ("peak_serial", "u8"), ("max_native", "i8"),
     ("at_total", "i8"), ("total_serial", "u8")]
)
# fmt: on
EVENT = np.dtype(
    [("node", "u4"), ("thread", "u2"), ("domain", "u1"), ("kind", "u1"), ("payload", "i8"), ("live", "i8")]
)
_SIGHTING = struct.Struct("=q q I B B c c I I I I")
_FORM = struct.Struct("=q I B c c x")
_NUMBER = struct.Struct("=q")
_BUDGET = struct.Struct("=q q")
_CODE, _SIGHTED, _ORIGIN, _BUDGETED, _RESERVED, _THREAD, _FORMED = 1, 2, 4, 5, 6, 7, 8

CLOCK = 2
"""Kind of the event that is a clock reading."""

COMPACTED = 3
"""Kind of the mark in place of events that were left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Journal:
    """The records that a recording wrote, before a Trace is made of them.

    Attributes
    ----------
    header : void
        The recording's totals.
    nodes, events : structured arrays
        Call tree with counters; births, deaths and clock readings.
    codes : dict of int to (str, str)
        Filename and name of each code object.
    holders : tuple of Holder
        Sightings of array objects, in order of time.
    meta : dict
        Metadata of the run.
    origins : dict of int to str
        The library that mapped a native block, by the buffer's number.
    budgets : list of (int, int)
        Number of events, and the lowest budget for all arrays from there on, -1 for none; in order.
    compacted : Compacted
        Marks in place of events that were left out.
    reserved : list of (int, str)
        Address space of which only pages in use count: bytes, and the library that mapped it.
    threads : dict of int to str
        Names of threads, by number.
    forms : dict of int to ArrayForm
        Shape and dtype of arrays that were seen without a holder, by the buffer's number.
    """

    header: np.void
    nodes: Records
    events: Records
    codes: dict[int, tuple[str, str]]
    holders: tuple[Holder, ...]
    meta: dict[str, Any]
    origins: dict[int, str]
    budgets: list[tuple[int, int]]
    compacted: Compacted = field(default_factory=no_compacted)
    reserved: list[tuple[int, str]] = field(default_factory=list)
    threads: dict[int, str] = field(default_factory=dict)
    forms: dict[int, ArrayForm] = field(default_factory=dict)


def gather_records(totals: np.void, blocks: Iterator[tuple[int, memoryview]]) -> Journal:
    """Put the records of the blocks together.

    Parameters
    ----------
    totals : void
        The journal's header.
    blocks : iterator of (int, memoryview)
        Type and bytes of each block that counts, in order.
    """
    nodes, events, codes, meta, budgets, reserved = [], [], {}, {}, [], []
    threads: dict[int, str] = {}
    details = _Details()
    for kind, data in blocks:
        if kind == NODES:
            nodes.append(_records(data, NODE))
        elif kind == EVENTS:
            events.append(_records(data, EVENT))
        elif kind in {TEXTS, DETAILS}:
            for text_kind, number, text in split_texts(data):
                if text_kind == _CODE:
                    codes[number] = _read_code(text)
                elif text_kind == META:
                    meta.update(json.loads(text.tobytes()))
                elif text_kind == _BUDGETED:
                    budgets.append(_BUDGET.unpack_from(text))
                elif text_kind == _RESERVED:
                    reserved.append((_NUMBER.unpack_from(text)[0], _decode(text[_NUMBER.size :])))
                elif text_kind == _THREAD:
                    threads[number] = _decode(text)
                else:
                    details.take(text_kind, text)
    return Journal(
        totals, _join(nodes, NODE), _join(events, EVENT), codes, tuple(details.holders), meta, details.origins, budgets,
        reserved=reserved, threads=threads, forms=details.forms,
    )  # fmt: skip


@dataclass(slots=True)
class _Details:
    """What is said of single buffers."""

    holders: list[Holder] = field(default_factory=list)
    forms: dict[int, ArrayForm] = field(default_factory=dict)
    origins: dict[int, str] = field(default_factory=dict)

    def take(self, kind: int, text: memoryview) -> None:
        """Take one text; of other kinds, which a newer ndmem may write, nothing."""
        if kind not in (_SIGHTED, _FORMED, _ORIGIN):
            return
        (buffer,) = _NUMBER.unpack_from(text)
        if kind == _SIGHTED:
            self.holders.append(_read_sighting(text))
        elif kind == _FORMED:
            self.forms[buffer] = _read_form(text)
        else:
            self.origins[buffer] = _decode(text[_NUMBER.size :])


def _records(data: memoryview, dtype: np.dtype[Any]) -> Records:
    return np.frombuffer(data, dtype, len(data) // dtype.itemsize)


def _join(parts: list[Records], dtype: np.dtype[Any]) -> Records:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, dtype)


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
    spelled = dtype or _spell_dtype(kind.decode("ascii"), order.decode("ascii"), itemsize)
    return Holder(buffer, name + item, function, shape, spelled, bool(is_view), events)


def _read_form(text: memoryview) -> ArrayForm:
    _, itemsize, ndim, kind, order = _FORM.unpack_from(text)
    shape = struct.unpack_from(f"={ndim}q", text, _FORM.size)
    return ArrayForm(shape, _spell_dtype(kind.decode("ascii"), order.decode("ascii"), itemsize))


def _spell_dtype(kind: str, order: str, itemsize: int) -> str:
    """Write a builtin dtype as ``str(dtype)`` does; a structured one keeps only its size."""
    swapped = order if order in "<>" else ""
    # NumPy counts the characters of a str dtype, at four bytes each.
    count = itemsize // 4 if kind == "U" else itemsize
    try:
        return str(np.dtype("O" if kind == "O" else "?" if kind == "b" else f"{swapped}{kind}{count}"))
    except TypeError:
        return f"{kind}{itemsize}"

"""Births and deaths of a journal as columns: clock readings become times, deaths refer to their births."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem import _native
from ndmem.model.columns import Domain, Events, Kind
from ndmem.units import ADDRESSABLE_NBYTES

from .records import CLOCK

if TYPE_CHECKING:
    from ndmem.model.columns import CallTree, Int32s, Int64s


def number_buffers(kind: np.ndarray[Any, Any], payload: np.ndarray[Any, Any]) -> Int64s:
    """Return the buffer of each birth and death: births are numbered in order, a death's payload is that number."""
    is_birth = kind == Kind.BORN
    return np.where(is_birth, np.cumsum(is_birth) - 1, payload)


def make_events(
    raw: np.ndarray[Any, Any], first: int, tree: CallTree, statements: tuple[Int32s, Int32s], marks: Int64s
) -> tuple[Events, int]:
    """Return the births and deaths as columns, and the number of events that were discarded as damaged.

    Parameters
    ----------
    raw : structured array
        A journal's events.
    first : int
        The journal's number of the tree's first node.
    tree : CallTree
        The call tree.
    statements : ((n,) int32, (n,) int32)
        Statement and comprehension of each node.
    marks : (k,) int64
        Number of events before each stretch that was left out.
    """
    trusted = _count_trusted(raw, range(first, first + len(tree)))
    lost = int(np.count_nonzero(raw["kind"][trusted:] != CLOCK))
    raw = raw[:trusted]
    ticks = raw["kind"] == CLOCK
    time_ns = np.maximum.accumulate(np.where(ticks, raw["payload"], 0))
    keep = ~ticks
    kind, payload, domain = raw["kind"][keep], raw["payload"][keep], raw["domain"][keep]
    is_birth = kind == Kind.BORN
    buffer = number_buffers(kind, payload)
    columns = Events(
        kind=kind,
        # The domain of a death is that of its birth, whatever its own record says.
        domain=domain[is_birth][buffer],
        thread=raw["thread"][keep],
        stack=(raw["node"][keep].astype(np.int64) - first).astype(np.int32),
        buffer=buffer,
        nbytes=payload[is_birth][buffer],
        live=raw["live"][keep],
        time_ns=time_ns[keep],
        within=np.empty(0, np.int16),
    )
    return _with_depths(columns, tree, statements, marks), lost


def _count_trusted(raw: np.ndarray[Any, Any], nodes: range) -> int:
    """Return the number of events up to the first one that is damaged; none after it can be trusted."""
    kind, payload = (
        raw["kind"].copy(),
        raw["payload"].copy(),
    )  # a pass over records takes three times as long
    born = kind == Kind.BORN
    # A death names a buffer that was born before it.
    sane = born | (payload < np.cumsum(born))
    sane &= (raw["node"] >= nodes.start) & (raw["node"] < nodes.stop) & (raw["domain"] <= Domain.MAPPED)
    sane |= kind == CLOCK
    sane &= (kind <= CLOCK) & (payload.view(np.uint64) < ADDRESSABLE_NBYTES)  # a negative one is larger than all
    trusted = len(raw) if sane.all() else int(np.argmin(sane))
    died = np.flatnonzero(kind[:trusted] == Kind.DIED)
    buffer = payload[died]
    if len(buffer) and np.bincount(buffer).max() > 1:
        is_first = np.zeros(len(buffer), np.bool_)
        is_first[np.unique(buffer, return_index=True)[1]] = True
        trusted = int(died[np.argmin(is_first)])  # a second death of the same buffer
    return trusted


def _with_depths(events: Events, tree: CallTree, statements: tuple[Int32s, Int32s], marks: Int64s) -> Events:
    """Fill in ``within``: how many frames of the birth's stack were still in the same execution at the death.

    Native events count too: each one shows how far its thread had come. Where events were left out in between this is
    unknown, and no frame is taken to be in the same execution.
    """
    if not (events.kind == Kind.DIED).any():  # of a running program only the births are read
        return replace(events, within=np.full(len(events), -1, np.int16))
    statement, loop = statements
    columns = {
        "kind": events.kind,
        "thread": events.thread,
        "stack": events.stack,
        "buffer": events.buffer,
        "parent": tree.parent,
        "code": tree.code,
        "statement": statement,
        "offset": tree.offset,
        "loop": loop,
        "stores": tree.stores,
    }
    depths = _native.statement_depths(*(np.ascontiguousarray(column) for column in columns.values()))
    rest = {
        name: np.ascontiguousarray(getattr(events, name)) for name in events.__dataclass_fields__ if name != "within"
    }
    within = np.frombuffer(depths, np.int16)
    if len(marks):
        born_at = np.flatnonzero(events.kind == Kind.BORN)[events.buffer]
        stretch = np.searchsorted(marks, np.arange(len(events)), side="right")
        within = np.where(stretch[born_at] == stretch, within, -1).astype(np.int16)
    return Events(**rest, within=within)

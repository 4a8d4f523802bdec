"""The parts of a Trace that are columns: call tree, counters, events, samples.

Never one object an event: a run of a million events is a few arrays.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Bools = npt.NDArray[np.bool_]
    Int8s = npt.NDArray[np.uint8]
    Int16s = npt.NDArray[np.uint16]
    Int32s = npt.NDArray[np.int32]
    Int64s = npt.NDArray[np.int64]


class Domain(enum.IntEnum):
    """Kind of memory a buffer is."""

    ARRAY = 0
    NATIVE = 1
    MAPPED = 2
    FOREIGN = 3
    PYTHON = 4
    DEVICE = 5  # of an accelerator; in no trace


class Kind(enum.IntEnum):
    """What an event did to its buffer."""

    BORN = 0
    DIED = 1


@dataclass(frozen=True, slots=True, eq=False)
class CallTree:
    """Interned call stacks: node ``i`` is one frame, called from node ``parent[i]``.

    Parents come before their children. A *stack* anywhere in a trace is the index of its leaf's node.

    Attributes
    ----------
    parent : (n,) int32
        Node of the caller, -1 at the root.
    site : (n,) int32
        Index into ``Trace.sites``.
    code : (n,) int32
        Number of the code object: equal for two nodes of one function.
    offset : (n,) int32
        Byte offset of the instruction in the code object.
    stores : (n,) bool
        The instruction binds or deletes a name, attribute or item: what dies there was held by it.
    domain : (n,) uint8
        `Domain` of the buffers born there. A stack at which both arrays and native blocks are born has a leaf
        for each; both have the same callers.
    """

    parent: Int32s
    site: Int32s
    code: Int32s
    offset: Int32s
    stores: Bools
    domain: Int8s

    def __len__(self) -> int:
        return len(self.parent)


@dataclass(frozen=True, slots=True, eq=False)
class Tallies:
    """Exact counters for each node of the call tree, of buffers of the node's domain born there.

    Arrays' buffers of every size count; native blocks from ``RunInfo.native_threshold`` up.

    Attributes
    ----------
    count, total : (n,) int64
        Buffers born at the node, and their bytes.
    live, at_peak, at_total_peak : (n,) int64
        Bytes of them alive at the end, at the arrays' peak, and at the peak of arrays and native blocks together.
    max_live, max_native : (n,) int64
        Highest live bytes of the whole program's arrays, and of its native blocks, seen at an event of the node;
        -1 if none was seen there.
    """

    count: Int64s
    total: Int64s
    live: Int64s
    at_peak: Int64s
    max_live: Int64s
    max_native: Int64s
    at_total_peak: Int64s


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Births and deaths of the buffers from the thresholds of `RunInfo` up, in order.

    Attributes
    ----------
    kind : (m,) uint8
        `Kind`.
    domain : (m,) uint8
        `Domain` of the buffer.
    thread : (m,) uint16
        Number of the thread, from 0 in the order they were first seen.
    stack : (m,) int32
        Node where it happened: for a death, where the buffer was freed.
    buffer : (m,) int64
        Number of the buffer, from 0 in order of birth.
    nbytes : (m,) int64
        Bytes of the buffer, for births and deaths alike.
    live : (m,) int64
        Live bytes of the program's arrays, small ones too, after the event, whatever its domain. Native live bytes
        are the running sum of the native events.
    time_ns : (m,) int64
        Nanoseconds since the start, to the clock's tick (1 to 4 ms).
    within : (m,) int16
        For a death: depth, from the root, of the deepest frame of the birth's stack in which the same
        execution of the same statement was still running; -1 if none was, and for births.
    """

    kind: Int8s
    domain: Int8s
    thread: Int16s
    stack: Int32s
    buffer: Int64s
    nbytes: Int64s
    live: Int64s
    time_ns: Int64s
    within: npt.NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.kind)

    def native_live(self) -> Int64s:
        """Return the live bytes after each event, shape (m,), of the native blocks that are among them."""
        return self.running_nbytes(self.domain == Domain.NATIVE)

    def running_nbytes(self, counted: Bools, nbytes: Int64s | None = None) -> Int64s:
        """Return the live bytes after each event, shape (m,), of the buffers whose events are counted.

        ``nbytes``, shape (m,), replaces the bytes of each event's buffer.
        """
        change = np.where(counted, self.nbytes if nbytes is None else nbytes, 0)
        np.negative(change, out=change, where=self.kind == Kind.DIED)
        return np.cumsum(change, out=change)

    def alive_after(self, count: int, *, domain: Domain | None = None) -> Bools:
        """Mark the buffers that are live after so many events, by their number; with a domain only its buffers."""
        alive = np.zeros(int(self.buffer.max(initial=-1)) + 1, np.bool_)
        born, buffer = self.kind[:count] == Kind.BORN, self.buffer[:count]
        alive[buffer[born if domain is None else born & (self.domain[:count] == domain)]] = True
        alive[buffer[~born]] = False
        return alive


@dataclass(frozen=True, slots=True, eq=False)
class Compacted:
    """Marks in place of events that were left out, of buffers that had died again: see csrc/tracker/compaction/.

    Attributes
    ----------
    events : (k,) int64
        How many of the `Events` were before; never falling.
    births, deaths : (k,) int64
        Left out since the mark before.
    live, native : (k,) int64
        Live bytes of arrays, and of native blocks, at the mark.
    time_ns : (k,) int64
        Nanoseconds since the start.
    """

    events: Int64s
    births: Int64s
    deaths: Int64s
    live: Int64s
    native: Int64s
    time_ns: Int64s

    def __len__(self) -> int:
        return len(self.events)

    def left_out(self) -> int:
        """Return how many events were left out."""
        return int(self.births.sum() + self.deaths.sum())

    def add_unseen(self, native: Int64s) -> Int64s:
        """Return the live bytes of native blocks after each event, shape (m,), with those of blocks left out.

        Between two marks nothing was left out: what a mark knew more than the events before it stays the same.
        """
        if not len(self):
            return native
        before = np.concatenate([[0], native])[self.events]
        unseen = np.concatenate([[0], self.native - before])
        known: Int64s = native + unseen[np.searchsorted(self.events, np.arange(len(native)), side="right")]
        return known


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Resident bytes of the process, looked at now and then from outside.

    Attributes
    ----------
    time_ns : (k,) int64
        Nanoseconds since the start.
    nbytes : (k,) int64
        Resident bytes.
    """

    time_ns: Int64s
    nbytes: Int64s

    def __len__(self) -> int:
        return len(self.time_ns)

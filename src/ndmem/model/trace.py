"""The Trace: the raw record of a run, measured or predicted, from which every view is computed.

Events are columns, never one object an event: a run of a million events is a few arrays.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np

from .ending import Ending
from .holder import Holder
from .site import Site, Stack

if TYPE_CHECKING:
    import numpy.typing as npt

    Bools = npt.NDArray[np.bool_]
    Int8s = npt.NDArray[np.uint8]
    Int16s = npt.NDArray[np.uint16]
    Int32s = npt.NDArray[np.int32]
    Int64s = npt.NDArray[np.int64]


class Origin(enum.Enum):
    """Who made a trace."""

    MEASURED = "measured"
    PREDICTED = "predicted"


class Domain(enum.IntEnum):
    """Kind of memory a buffer is."""

    ARRAY = 0
    NATIVE = 1
    MAPPED = 2
    FOREIGN = 3
    PYTHON = 4


class Kind(enum.IntEnum):
    """What an event did to its buffer."""

    BORN = 0
    DIED = 1


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What was run, where, and how it ended.

    Attributes
    ----------
    program : tuple of str
        The program and its arguments as they were typed; empty for code tracked from inside.
    python, numpy : str
        Versions; ``numpy`` is ``None`` if the program never imported it.
    exit_status : int or None
        Of the process, minus the signal's number if a signal ended it; ``None`` where it is not known and for
        code tracked from inside.
    pid : int
        Process id.
    started : float
        Seconds since the epoch when tracking started.
    duration_s : float
        Seconds from start to stop of tracking.
    threshold : int
        Buffers of this many bytes and more are events; smaller ones are only counted.
    library_roots : tuple of str
        Folders whose code is not the user's: the standard library and the installed packages.
    notes : tuple of str
        What was not measured, each a sentence.
    ending : Ending or None
        How the program ended; ``None`` for code tracked from inside.
    """

    program: tuple[str, ...]
    python: str
    numpy: str | None
    exit_status: int | None
    pid: int
    started: float
    duration_s: float
    threshold: int
    library_roots: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    ending: Ending | None = None

    @property
    def is_cut(self) -> bool:
        """Whether the record stops before the program came to its own end."""
        return self.ending not in {None, Ending.EXIT}

    @property
    def ended(self) -> str | None:
        """How the program ended, in a word or two: ``"exit"``, ``"signal 9"``, ``"running"``; see `Ending`."""
        if self.exit_status is not None and self.exit_status < 0:
            return f"signal {-self.exit_status}"
        return None if self.ending is None else self.ending.value


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
    """

    parent: Int32s
    site: Int32s
    code: Int32s
    offset: Int32s
    stores: Bools

    def __len__(self) -> int:
        return len(self.parent)


@dataclass(frozen=True, slots=True, eq=False)
class Tallies:
    """Exact counters for each node of the call tree, of buffers of every size born there.

    Attributes
    ----------
    count, total : (n,) int64
        Buffers born at the node, and their bytes.
    live, at_peak : (n,) int64
        Bytes of them alive at the end, and at the program's peak.
    max_live : (n,) int64
        Highest live bytes of the whole program seen at an event of the node; -1 if none was seen there.
    """

    count: Int64s
    total: Int64s
    live: Int64s
    at_peak: Int64s
    max_live: Int64s


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Births and deaths of the buffers of ``RunInfo.threshold`` bytes and more, in order.

    Attributes
    ----------
    kind : (m,) uint8
        `Kind`.
    domain : (m,) uint8
        `Domain`.
    thread : (m,) uint16
        Number of the thread, from 0 in the order they were first seen.
    stack : (m,) int32
        Node where it happened: for a death, where the buffer was freed.
    buffer : (m,) int64
        Number of the buffer, from 0 in order of birth.
    nbytes : (m,) int64
        Bytes of the buffer, for births and deaths alike.
    live : (m,) int64
        Live bytes of the program, small buffers too, after the event.
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


@dataclass(frozen=True, slots=True)
class Peak:
    """The high-water mark of live bytes.

    Attributes
    ----------
    nbytes : int
        Bytes.
    stack : int
        Node whose buffer raised live bytes to it; -1 if no buffer was ever born.
    events : int
        Number of events up to and including that moment.
    """

    nbytes: int
    stack: int
    events: int


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """The raw record of a run: call stacks, and the events that changed memory.

    Attributes
    ----------
    origin : Origin
        Measured by the tracker, or predicted by the planner.
    run : RunInfo
        What was run.
    sites : tuple of Site
        Source places, each once.
    tree : CallTree
        Call stacks.
    tallies : Tallies
        Exact counters per node; the sum of ``at_peak`` is the peak, of ``live`` what is alive at the end.
    events : Events
        Births and deaths of large buffers.
    peak : Peak
        The high-water mark.
    holders : tuple of Holder
        Array objects seen to hold buffers at the peak or at the end.
    dropped : int
        Events that could not be written (a full disk); counters stay exact.
    sources : mapping of str to str
        Text of the source files, by filename, as they were when the run ended.
    """

    origin: Origin
    run: RunInfo
    sites: tuple[Site, ...]
    tree: CallTree
    tallies: Tallies
    events: Events
    peak: Peak
    holders: tuple[Holder, ...] = ()
    dropped: int = 0
    sources: Mapping[str, str] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Trace):
            return NotImplemented
        return all(_same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))

    __hash__ = None  # type: ignore[assignment]  # columns are mutable arrays

    @property
    def live_nbytes(self) -> int:
        """Bytes alive at the end."""
        return int(self.tallies.live.sum())

    @property
    def total_nbytes(self) -> int:
        """Bytes ever allocated."""
        return int(self.tallies.total.sum())

    def stack(self, node: int) -> Stack:
        """Return the call stack of a node, leaf first."""
        sites = []
        while node >= 0:
            sites.append(self.sites[self.tree.site[node]])
            node = int(self.tree.parent[node])
        return tuple(sites)


def _same(a: object, b: object) -> bool:
    """Compare two fields of a trace, columns element by element."""
    if isinstance(a, CallTree | Tallies | Events):
        return type(a) is type(b) and all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    return a == b

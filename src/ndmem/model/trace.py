"""The Trace: the raw record of a run, measured or predicted, from which every view is computed."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np

from .arrays_before import ArraysBefore
from .cluster import Cluster
from .columns import CallTree, Compacted, Domain, Events, Kind, Samples, Tallies
from .deep_facts import DeepFacts
from .ending import Ending
from .holder import ArrayForm, Holder
from .machine_limit import MachineLimit
from .memory_request import MemoryRequest
from .native_reach import NativeReach
from .rank import Rank
from .refusal import Refusal
from .site import Site, Stack
from .together import Together

if TYPE_CHECKING:
    from .columns import Int64s

__all__ = [
    "COUNTED_ONLY",
    "CallTree",
    "Compacted",
    "Domain",
    "Events",
    "Kind",
    "Origin",
    "Peak",
    "RunInfo",
    "Samples",
    "Tallies",
    "Trace",
]


COUNTED_ONLY = 2**60
"""Threshold of a recording that keeps counters and no events: more than an address space."""


class Origin(enum.Enum):
    """The producer of a trace."""

    MEASURED = "measured"
    PREDICTED = "predicted"


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What was run, where, and how it ended.

    Attributes
    ----------
    program : tuple of str
        The program and its arguments as they were typed; empty for a block tracked by ``ndmem.track()``.
    python, numpy : str
        Versions; ``numpy`` is ``None`` if the program never imported it.
    exit_status : int or None
        Of the process, minus the signal's number if a signal ended it; ``None`` where it is not known and for
        a block tracked by ``ndmem.track()``.
    pid : int
        Process id.
    started : float
        Seconds since the epoch when tracking started.
    duration_s : float
        Seconds from start to stop of tracking.
    threshold : int
        Arrays' buffers of this many bytes and more are events; smaller ones are only counted. `COUNTED_ONLY` for a
        continuous recording.
    native_threshold : int or None
        Native blocks of this many bytes and more are events, smaller ones are not seen; ``None`` where native
        memory was not watched.
    native_reach : NativeReach or None
        Which native blocks were seen; ``None`` where native memory was not watched.
    library_roots : tuple of str
        Folders whose code is not the user's: the standard library and the installed packages.
    packages : tuple of str
        Names of installed packages that are the user's none the less.
    program_packages : tuple of str
        Names of installed packages that the command line names: that of ``-m``, or of an entry point's script.
    notes : tuple of str
        What was not measured, each a sentence.
    ending : Ending or None
        How the program ended; ``None`` for a block tracked by ``ndmem.track()``.
    limit : MachineLimit or None
        What the machine allowed when tracking began; ``None`` where that is not known.
    budget_nbytes : int or None
        The lowest budget for all arrays that was in force at the peak, where native memory was watched at the peak of
        both together; ``None`` if there was none.
    refusal : Refusal or None
        The uncaught `MemoryError` with which the program ended.
    rank : Rank or None
        Which process of a parallel job it was; ``None`` if it was not started as one.
    request : MemoryRequest or None
        The memory that its batch job asked for; ``None`` if that is unknown.
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
    native_threshold: int | None = None
    ending: Ending | None = None
    limit: MachineLimit | None = None
    budget_nbytes: int | None = None
    packages: tuple[str, ...] = ()
    program_packages: tuple[str, ...] = ()
    refusal: Refusal | None = None
    rank: Rank | None = None
    request: MemoryRequest | None = None
    native_reach: NativeReach | None = None

    @property
    def is_counted_only(self) -> bool:
        """Whether the recording kept counters and no events."""
        return self.threshold >= COUNTED_ONLY

    @property
    def is_cut(self) -> bool:
        """Whether the record stops in the middle: before the program ended, or the user ended the recording."""
        return self.ending not in {None, Ending.EXIT, Ending.DETACHED}

    @property
    def ended(self) -> str | None:
        """How the program ended, in a word or two: ``"exit"``, ``"signal 9"``, ``"running"``; see `Ending`."""
        if self.exit_status is not None and self.exit_status < 0:
            return f"signal {-self.exit_status}"
        return None if self.ending is None else self.ending.value


@dataclass(frozen=True, slots=True)
class Peak:
    """A high-water mark of live bytes.

    Attributes
    ----------
    nbytes : int
        Bytes.
    stack : int
        Node whose buffer raised live bytes to it; -1 if no buffer was ever born, or it is not known which.
    events : int
        Number of events up to and including that moment.
    """

    nbytes: int
    stack: int
    events: int


def _no_samples() -> Samples:
    return Samples(np.empty(0, np.int64), np.empty(0, np.int64))


def no_compacted() -> Compacted:
    """Return the marks of a record in which every event is there."""
    return Compacted(*(np.empty(0, np.int64) for _ in fields(Compacted)))


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
        Exact counters per node. Over the arrays' nodes ``at_peak`` sums to the peak and ``live`` to what is alive
        at the end; over all nodes ``at_total_peak`` sums to the total peak.
    events : Events
        Births and deaths of large buffers.
    peak : Peak
        The high-water mark of arrays.
    holders : tuple of Holder
        Array objects seen to hold buffers at the peak or at the end.
    forms : mapping of int to ArrayForm
        Shape and dtype of arrays that were seen before a variable held them, by the buffer's number.
    deep : DeepFacts or None
        What ``ndmem run --deep`` saw of values; ``None`` if they were not looked at.
    cluster : Cluster or None
        The workers, if the trace was merged from theirs; ``None`` for a trace of one process. Then each worker is the
        root of its stacks, ``at_peak`` is that of each worker's own peak, and ``peak`` is the sum of these peaks.
    before : ArraysBefore or None
        The arrays that existed when recording began in a running program (``ndmem attach``); they count for no peak.
        ``None`` for a program that was recorded from its start.
    dropped : int
        Events that could not be written (a full disk); counters stay exact.
    sources : mapping of str to str
        Text of the source files, by filename, as they were when the run ended.
    native, total : Peak or None
        The high-water marks of native blocks, and of arrays and native blocks together; ``None`` where native
        memory was not watched.
    origins : mapping of int to str
        Which library mapped a native block, by the buffer's number; only of blocks that it mapped itself.
    rss : Samples
        Resident memory over time; empty if it was not sampled.
    rss_peak_nbytes : int or None
        The kernel's high-water mark of the process's resident memory; ``None`` if unknown.
    together : Together or None
        The most resident memory that was seen in the process and its children together; ``None`` if it had none, or
        was not sampled.
    compacted : Compacted
        Marks in place of events that a long run left out; empty if all are there.
    threads : mapping of int to str
        Names of threads, by their number in the events; only of those that ``threading`` knows.
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
    native: Peak | None = None
    total: Peak | None = None
    origins: Mapping[int, str] = field(default_factory=dict)
    rss: Samples = field(default_factory=_no_samples)
    rss_peak_nbytes: int | None = None
    together: Together | None = None
    compacted: Compacted = field(default_factory=no_compacted)
    threads: Mapping[int, str] = field(default_factory=dict)
    forms: Mapping[int, ArrayForm] = field(default_factory=dict)
    deep: DeepFacts | None = None
    cluster: Cluster | None = None
    before: ArraysBefore | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Trace):
            return NotImplemented
        return all(_same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))

    __hash__ = None  # type: ignore[assignment]  # columns are mutable arrays

    @property
    def live_nbytes(self) -> int:
        """Bytes of arrays alive at the end."""
        return self._sum(self.tallies.live, Domain.ARRAY)

    @property
    def total_nbytes(self) -> int:
        """Bytes ever allocated for arrays."""
        return self._sum(self.tallies.total, Domain.ARRAY)

    @property
    def native_live_nbytes(self) -> int | None:
        """Bytes of native blocks alive at the end; ``None`` where native memory was not watched."""
        return None if self.native is None else self._sum(self.tallies.live, Domain.NATIVE)

    @property
    def native_total_nbytes(self) -> int | None:
        """Bytes ever allocated for native blocks; ``None`` where native memory was not watched."""
        return None if self.native is None else self._sum(self.tallies.total, Domain.NATIVE)

    def native_live(self) -> Int64s:
        """Return the live bytes of native blocks after each event, shape (m,), those of events left out among them."""
        return self.compacted.add_unseen(self.events.native_live())

    def _sum(self, column: Int64s, domain: Domain) -> int:
        return int(column[self.tree.domain == domain].sum())

    def stack(self, node: int) -> Stack:
        """Return the call stack of a node, leaf first."""
        sites = []
        while node >= 0:
            sites.append(self.sites[self.tree.site[node]])
            node = int(self.tree.parent[node])
        return tuple(sites)


def _same(a: object, b: object) -> bool:
    """Compare two fields of a trace, columns element by element."""
    if isinstance(a, CallTree | Tallies | Events | Samples | Compacted):
        return type(a) is type(b) and all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    return a == b

"""Small synthetic traces: a program's births and deaths written by hand, turned into a Trace.

A builder replays what it is told with plain dictionaries; it shares no code with the views it tests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ndmem.model.ending import Ending
from ndmem.model.holder import ArrayForm, Holder
from ndmem.model.machine_limit import MachineLimit
from ndmem.model.site import Site
from ndmem.model.trace import CallTree, Domain, Events, Kind, Origin, Peak, RunInfo, Samples, Tallies, Trace

ROOTS = ("/usr/lib/python3.12", "/venv/lib/python3.12/site-packages")

Path = tuple["Frame", ...]
"""Frames of a call stack, root first: as a reader writes them down."""


@dataclass(frozen=True)
class Frame:
    """One frame: where, and in which function.

    Attributes
    ----------
    filename, lineno, function
        As a `Site` has them.
    columns : (int, int) or None
        Byte columns of the expression.
    end_lineno : int or None
        Last line of the expression; the first one if not given.
    stores : bool
        The instruction binds or deletes a name.
    """

    filename: str
    lineno: int
    function: str = "<module>"
    columns: tuple[int, int] | None = None
    end_lineno: int | None = None
    stores: bool = False

    def site(self) -> Site:
        """Return the place of the frame."""
        col, end_col = self.columns or (None, None)
        return Site(self.filename, self.lineno, self.end_lineno or self.lineno, col, end_col, self.function)


@dataclass
class _Node:
    parent: int
    frame: Frame
    count: int = 0
    total: int = 0
    live: int = 0
    at_peak: int = 0
    max_live: int = -1
    domain: Domain = Domain.ARRAY
    max_native: int = -1
    at_total_peak: int = 0


@dataclass
class TraceBuilder:
    """Records births and deaths one by one.

    Attributes
    ----------
    threshold : int
        Buffers of this many bytes and more are events.
    native_threshold : int or None
        The same for native blocks; ``None`` if they are not watched.
    """

    threshold: int = 4096
    native_threshold: int | None = None
    live: int = 0
    native_live: int = 0
    peak: Peak = Peak(0, -1, 0)  # noqa: RUF009  # frozen: sharing it is harmless
    native_peak: Peak = Peak(0, -1, 0)  # noqa: RUF009  # as above
    total_peak: Peak = Peak(0, -1, 0)  # noqa: RUF009  # as above
    _nodes: list[_Node] = field(default_factory=list)
    _children: dict[tuple[int, Frame, Domain], int] = field(default_factory=dict)
    _events: list[tuple[int, int, int, int, int, int, int, int]] = field(default_factory=list)
    _alive: dict[int, tuple[int, int]] = field(default_factory=dict)
    _numbers: dict[int, int] = field(default_factory=dict)
    _born: int = 0
    # Nodes whose live bytes have changed since the last peak, of arrays and of all: a walk over all nodes at each peak
    # took 10 s for a trace of 70,000 nodes.
    _changed: set[int] = field(default_factory=set)
    _changed_of_all: set[int] = field(default_factory=set)

    def node(self, path: Sequence[Frame], domain: Domain = Domain.ARRAY) -> int:
        """Return the number of the node at the end of a path, root first; only the leaf is of the domain."""
        parent = -1
        for depth, frame in enumerate(path, 1):
            key = (parent, frame, domain if depth == len(path) else Domain.ARRAY)
            if key not in self._children:
                self._children[key] = len(self._nodes)
                self._nodes.append(_Node(parent, frame, domain=key[2]))
            parent = self._children[key]
        return parent

    def born(self, path: Sequence[Frame], nbytes: int, *, time_s: float = 0.0, domain: Domain = Domain.ARRAY) -> int:
        """Record a birth; return a handle for `died`."""
        node, handle = self.node(path, domain), self._born
        self._born += 1
        self._alive[handle] = (node, nbytes)
        here = self._nodes[node]
        here.count += 1
        here.total += nbytes
        here.live += nbytes
        if domain is Domain.ARRAY:
            self.live += nbytes
        elif domain is Domain.NATIVE:
            assert self.native_threshold is not None
            assert nbytes >= self.native_threshold
            self.native_live += nbytes
        if domain is not Domain.ARRAY or nbytes >= self.threshold:
            self._numbers[handle] = len(self._numbers)
            self._write(Kind.BORN, node, handle, nbytes, time_s, -1)
        self._see(here)
        self._note_change(node)
        if self.live > self.peak.nbytes:
            self.peak = Peak(self.live, node, len(self._events))
            for each in self._changed:
                self._nodes[each].at_peak = self._nodes[each].live
            self._changed.clear()
        if self.native_live > self.native_peak.nbytes:
            self.native_peak = Peak(self.native_live, node, len(self._events))
        if self.live + self.native_live > self.total_peak.nbytes:
            self.total_peak = Peak(self.live + self.native_live, node, len(self._events))
            for each in self._changed_of_all:
                self._nodes[each].at_total_peak = self._nodes[each].live
            self._changed_of_all.clear()
        return handle

    def native(self, path: Sequence[Frame], nbytes: int, *, time_s: float = 0.0) -> int:
        """Record the birth of a native block; return a handle for `died`."""
        return self.born(path, nbytes, time_s=time_s, domain=Domain.NATIVE)

    def died(self, handle: int, path: Sequence[Frame], *, within: int = -1, time_s: float = 0.0) -> None:
        """Record a death at a path; ``within`` as `Events` defines it."""
        birth, nbytes = self._alive.pop(handle)
        domain = self._nodes[birth].domain
        node = self.node(path, domain)
        self._see(self._nodes[node])
        if domain is Domain.ARRAY:
            self.live -= nbytes
        elif domain is Domain.NATIVE:
            self.native_live -= nbytes
        self._nodes[birth].live -= nbytes
        self._note_change(birth)
        if handle in self._numbers:
            self._write(Kind.DIED, node, handle, nbytes, time_s, within)

    def _note_change(self, node: int) -> None:
        self._changed.add(node)
        self._changed_of_all.add(node)

    def _see(self, node: _Node) -> None:
        node.max_live = max(node.max_live, self.live)
        if self.native_threshold is not None:
            node.max_native = max(node.max_native, self.native_live)

    def number(self, handle: int) -> int:
        """Return the buffer number of a birth that was an event."""
        return self._numbers[handle]

    def _write(self, kind: Kind, node: int, handle: int, nbytes: int, time_s: float, within: int) -> None:
        number, domain = self._numbers[handle], self._nodes[node].domain
        self._events.append((kind, node, number, nbytes, self.live, int(time_s * 1e9), within, domain))

    def build(
        self,
        *,
        holders: Sequence[Holder] = (),
        forms: Mapping[int, ArrayForm] | None = None,
        sources: Mapping[str, str] | None = None,
        dropped: int = 0,
        origin: Origin = Origin.MEASURED,
        numpy: str | None = "2.4.6",
        python: str = "3.12.1",
        exit_status: int | None = 0,
        ending: Ending | None = None,
        duration_s: float = 1.5,
        program: tuple[str, ...] = ("/home/ada/pipeline.py",),
        notes: tuple[str, ...] = (),
        origins: Mapping[int, str] | None = None,
        rss: Sequence[tuple[float, int]] = (),
        rss_peak_nbytes: int | None = None,
        limit: MachineLimit | None = None,
        budget_nbytes: int | None = None,
    ) -> Trace:
        """Return what was recorded so far as a Trace."""
        run = RunInfo(
            program,
            python,
            numpy,
            exit_status,
            4242,
            1_700_000_000.0,
            duration_s,
            self.threshold,
            ROOTS,
            notes,
            self.native_threshold,
            ending or (None if exit_status is None else Ending.by_status(exit_status)),
            limit,
            budget_nbytes,
        )
        sites, tree = self._tree()
        return Trace(
            origin=origin,
            run=run,
            sites=sites,
            tree=tree,
            tallies=self._tallies(),
            events=self._columns(),
            peak=self.peak,
            holders=tuple(holders),
            dropped=dropped,
            sources=sources or {},
            native=None if self.native_threshold is None else self.native_peak,
            total=None if self.native_threshold is None else self.total_peak,
            origins=origins or {},
            forms=forms or {},
            rss=Samples(
                _column([int(time_s * 1e9) for time_s, _ in rss], np.int64), _column([n for _, n in rss], np.int64)
            ),
            rss_peak_nbytes=rss_peak_nbytes,
        )

    def _tree(self) -> tuple[tuple[Site, ...], CallTree]:
        sites: dict[Site, int] = {}
        site = [sites.setdefault(node.frame.site(), len(sites)) for node in self._nodes]
        codes: dict[tuple[str, str], int] = {}
        code = [codes.setdefault((n.frame.filename, n.frame.function), len(codes)) for n in self._nodes]
        tree = CallTree(
            parent=_column([node.parent for node in self._nodes], np.int32),
            site=_column(site, np.int32),
            code=_column(code, np.int32),
            offset=_column([2 * number for number in range(len(self._nodes))], np.int32),
            stores=_column([node.frame.stores for node in self._nodes], np.bool_),
            domain=_column([node.domain for node in self._nodes], np.uint8),
        )
        return tuple(sites), tree

    def _tallies(self) -> Tallies:
        names = ("count", "total", "live", "at_peak", "max_live", "max_native", "at_total_peak")
        return Tallies(*(_column([getattr(node, name) for node in self._nodes], np.int64) for name in names))

    def _columns(self) -> Events:
        kind, node, number, nbytes, live, time_ns, within, domain = (
            list(column) for column in (zip(*self._events, strict=True) if self._events else ((),) * 8)
        )
        return Events(
            kind=_column(kind, np.uint8),
            domain=_column(domain, np.uint8),
            thread=np.zeros(len(kind), np.uint16),
            stack=_column(node, np.int32),
            buffer=_column(number, np.int64),
            nbytes=_column(nbytes, np.int64),
            live=_column(live, np.int64),
            time_ns=_column(time_ns, np.int64),
            within=_column(within, np.int16),
        )


def _column(values: Sequence[int], dtype: type) -> np.ndarray:
    return np.array(values, dtype)


USER, OTHER = "/home/ada/pipeline.py", "/home/ada/tools.py"
NUMPY = ROOTS[1] + "/numpy/_core/_methods.py"
THREADING = ROOTS[0] + "/threading.py"

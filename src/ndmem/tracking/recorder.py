"""Record in this process, by the native core."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ndmem.errors import TrackingError
from ndmem.model.native_reach import NativeReach
from ndmem.notebook_cells import describe_cells
from ndmem.user_code import find_library_roots, owner_texts

from .agent.run_metadata import describe_run, find_resident
from .support import check_support, find_numpy_obstacle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ndmem.model.trace import Trace

    Search = Callable[[], tuple[tuple[object, str, str, int], ...]]

DEFAULT_THRESHOLD = 4096
"""Bytes from which on a buffer is an event of its own."""

_ROOM = 2**27
"""Bytes that events may take before they are compacted: less than in a file, for they take the program's memory."""

_REMOVED = (
    "Native memory is known in part: another tool, such as tracemalloc, put back Python's allocators of before. Blocks "
    "since then were not seen, nor the release of earlier ones."
)

_BESIDE = ("malloc", "mimalloc")
"""Values of ``PYTHONMALLOC`` with which objects are not allocated by the raw allocator, whatever their size."""

ALL_EVENTS = 2**60
"""Maximum size of the events for a caller that needs all of them."""


CONTINUOUS_STACKS = 16384
"""Call stacks that a continuous recording tells apart: their records take 3 MiB."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Counters of a recording at one moment.

    Attributes
    ----------
    live, peak : int
        Live bytes of arrays, and the highest so far.
    count : int
        Live arrays.
    total, total_count : int
        Bytes and number of all arrays that were allocated.
    native_live, native_peak : int or None
        The same of native blocks; ``None`` where native memory is not watched.
    by_node : memoryview
        Live bytes of each node of the call tree, by its number.
    """

    live: int
    peak: int
    count: int
    total: int
    total_count: int
    native_live: int | None
    native_peak: int | None
    by_node: memoryview


@contextlib.contextmanager
def untracked() -> Iterator[None]:
    """Exclude from every recording what this thread allocates inside the block: it is ndmem's own."""
    try:
        from ndmem import _native  # not at import: `check_support` reports where it cannot be loaded
    except ImportError:  # nothing can be tracked here
        yield
        return
    quiet = _native.quiet(True)
    try:
        yield
    finally:
        if quiet:
            _native.quiet(False)


class Recorder:
    """One recording, from its start to its stop, in memory.

    Recorders may overlap: each records only buffers that are born after its own start.

    Parameters
    ----------
    threshold : int, optional
        Buffers of this many bytes and more become events; the running tracker's, or 4096.
    room : int
        Bytes that events may take; beyond that, events of dead buffers that were at no peak are left out.
    objects : bool
        Search for holders at new peaks in what variables hold, too.
    native : bool
        Record native memory too, as far as Python's own allocators give it. Under ``ndmem run`` all of it is recorded
        in any case.
    stacks : int
        Keep only counters, for at most so many call stacks; later ones are one row. 0: all events.

    Attributes
    ----------
    threshold : int
        Bytes from which on a buffer is an event of its own.

    Raises
    ------
    TrackingError
        If tracking cannot work here, or another threshold is in force.
    """

    def __init__(
        self,
        *,
        threshold: int | None = None,
        room: int = _ROOM,
        objects: bool = True,
        native: bool = False,
        stacks: int = 0,
    ) -> None:
        check_support()
        from ndmem import _native  # after check_support, which reports why it cannot be loaded

        running = _native.running_threshold()
        wanted = (running or DEFAULT_THRESHOLD) if threshold is None else max(threshold, 1)
        if running and wanted != running:
            raise TrackingError(
                f"the tracker already runs with a threshold of {running} bytes, not {wanted}; omit the threshold"
            )
        try:
            self._native: Any = _native.Recording(
                wanted, -1, room, objects=objects and not stacks, raw=native, stacks=stacks
            )
        except ValueError as error:
            raise TrackingError(str(error)) from None
        self.threshold = wanted
        self._sees_python_alone = native and _native.native_library() is None
        self._resident: dict[str, int | None] = {}
        self._trace: Trace | None = None

    def start(self, about: Mapping[str, Any] | None = None) -> None:
        """Start recording; can be called once.

        Parameters
        ----------
        about : mapping, optional
            More metadata of the run, as JSON values.
        """
        import numpy as np  # its allocator is what is hooked

        obstacle = find_numpy_obstacle(np.__version__)
        if obstacle:
            raise TrackingError(f"tracking cannot start: {obstacle}")
        from ndmem import _native

        if not _native.running_threshold():  # `ndmem run` knows more packages of the user
            _native.set_code_owners(*owner_texts(find_library_roots(), ()))
        before, highest = find_resident() if self._sees_python_alone else (None, None)
        self._native.start()
        self._sees_python_alone = self._sees_python_alone and _native.raw_is_reached()
        if self._sees_python_alone:
            about = {**(about or {}), "native_reach": NativeReach.PYTHON.value}
            self._resident = {"before_nbytes": before, "highest_before_nbytes": highest}
        self._native.write_meta(json.dumps({**describe_run(), **(about or {})}).encode())

    def stop(self, *, finds_holders: bool = True) -> None:
        """Stop recording; harmless when it does not run.

        Parameters
        ----------
        finds_holders : bool
            Look for the names of live buffers in all modules and classes: 10 ms where pandas and SciPy are imported.
        """
        from ndmem import _native

        if self._native.running:
            if finds_holders:
                _native.sight_holders()
            for known in (describe_cells(), self._describe_native()):
                if known:
                    self._native.write_meta(json.dumps(known).encode())
            self._native.stop()

    def _describe_native(self) -> dict[str, Any]:
        """Return how far resident memory rose meanwhile, and whether another tool ended the record of native memory."""
        if not self._sees_python_alone:
            return {}
        from ndmem import _native

        notes = [] if _native.raw_is_reached() else [_REMOVED]
        allocator = os.environ.get("PYTHONMALLOC", "")
        if allocator.startswith(_BESIDE):
            notes.append(f"Python's own objects are not among the native blocks: PYTHONMALLOC={allocator}.")
        resident = {**self._resident, "highest_nbytes": find_resident()[1]}
        return {"resident": resident, **({"notes": [*describe_run()["notes"], *notes]} if notes else {})}

    def note_holders(self, find: Search) -> None:
        """Record who holds live buffers, as a search finds; nothing if it does not run any more.

        Parameters
        ----------
        find : callable
            Returns for each buffer an array that holds it, the way to it from a variable, the module or function of
            that, and the address of the buffer.
        """
        from ndmem import _native

        if self._native.running:
            with untracked():
                _native.sight_holders(find())

    @property
    def running(self) -> bool:
        """Whether it records; false in the child of a fork."""
        return bool(self._native.running)

    @property
    def live(self) -> int:
        """Live bytes, of buffers born since the start."""
        return int(self._native.live)

    @property
    def peak(self) -> int:
        """Highest live bytes."""
        return int(self._native.peak)

    @property
    def events(self) -> int:
        """Events so far."""
        return int(self._native.events)

    def take_window(self) -> tuple[int, int]:
        """Return live bytes, and the highest since the last call."""
        live, peak = self._native.take_window()
        return int(live), int(peak)

    def tally(self) -> Tally:
        """Return the counters of this moment; from any thread, in 0.1 ms for 10,000 call stacks."""
        live, peak, count, total, total_count, native_live, native_peak, by_node = self._native.tally()
        nodes = memoryview(by_node).cast("q")
        return Tally(live, peak, count, total, total_count, native_live, native_peak, nodes)

    def read_parts(self) -> list[bytes]:
        """Return the journal as bytes, for `read_journal`, perhaps in another process."""
        parts: list[bytes] = self._native.read()
        return parts

    def read_trace(self) -> Trace:
        """Return the trace so far; after the stop, the same object each time."""
        from ndmem.tracking.journal.file.reader import read_journal

        from .journal.assemble import assemble  # needs NumPy

        if self._trace is not None:
            return self._trace
        parts = self.read_parts()
        with untracked():
            trace = assemble(read_journal(parts))
        if not self.running:
            self._trace = trace
        return trace

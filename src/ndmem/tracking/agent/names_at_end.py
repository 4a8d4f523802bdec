"""When a program ends, write down who holds the arrays that are live: when its main module has run, and at its end."""

from __future__ import annotations

import gc
import os
import sys
import time

from .import_watch import call_after_import
from .run_metadata import find_resident_peak
from .search_at_end import LEAST_NBYTES, find_in_objects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ndmem import _native

    from .deep.deep_look import DeepLook

_CUT_BY_EXIT = (
    "Arrays that only objects held at the end may have no names: the process ended by os._exit, where only what "
    "variables lead to is searched."
)

_NATIVE, _MAPPED = 1, 2
"""Domains of the tracker; `ndmem.model.columns` has them, but imports NumPy."""


class NamesAtEnd:
    """Searches for the holders of the arrays that are live when the program ends.

    Parameters
    ----------
    native : module
        `ndmem._native`.
    threshold : int
        Bytes from which on a buffer is an event.
    deep : DeepLook, optional
        Looks at the values of the arrays that are found at the end.

    Attributes
    ----------
    notes : list of str
        What was not searched.
    """

    def __init__(self, native: Any, threshold: int, deep: DeepLook | None) -> None:
        self._native = native
        self._threshold = threshold
        self._deep = deep
        self._process = os.getpid()
        self._found: tuple[Any, ...] = ()
        self._is_searched = False
        self._named: set[int] | None = None
        self._resident: dict[str, object] = {}
        self._searched_resident = 0
        self.notes: list[str] = []

    def search_before_exit(self, find_recording: Callable[[], _native.Recording | None]) -> None:
        """Search when the main module has run, before functions of `atexit` free what they know: pyplot its figures.

        `threading` calls its functions for that before `atexit` calls any; a program without it has no such search.
        Nor has a fork, whose arrays are mostly its parent's, or a program whose other threads would wait meanwhile.

        Parameters
        ----------
        find_recording : callable
            Returns the recording of this process at that time.
        """

        def search() -> None:
            recording = find_recording()
            is_alone = os.getpid() == self._process and len(sys._current_frames()) == 1
            if recording is None or not recording.running or not is_alone:
                return
            try:
                self._call_quietly(lambda: self._search_and_write(recording))
            except Exception:  # the threads must be waited for; there is a search at the end
                self._named = None

        def register() -> None:
            # Private, for CPython's executors; from 3.11 to 3.15 the same.
            add = getattr(sys.modules["threading"], "_register_atexit", None)
            if add is not None:
                add(search)

        call_after_import("threading", register)

    def search(self, recording: _native.Recording, *, numpy: bool) -> None:
        """Search at the end, with the time to look into objects, unless that was done and no array was born since.

        Parameters
        ----------
        recording : Recording
            The recording of this process; the garbage collector must be off.
        numpy : bool
            Arrays were recorded: the search needs NumPy, and would import it.
        """

        def search() -> None:
            if self._named is None or self._deep is not None or not self._list_addresses() <= self._named:
                self._named = None
                self._search(recording, self._deep, numpy=numpy)

        self._call_quietly(search)

    def write(self, recording: _native.Recording) -> None:
        """Write down what was found; where the program ends by ``os._exit``, search what variables lead to.

        Other threads may still run there: a walk through all objects in Python would take too long.
        """
        if self._named is not None:
            return
        if self._is_searched:
            self._native.sight_holders(self._found)
            self._found = ()
            self._note_resident()
        elif self._count_unnamed() > 0 and recording.live >= LEAST_NBYTES:
            self.notes.append(_CUT_BY_EXIT)

    def read_resident(self) -> dict[str, object]:
        """Return the peak of resident memory, and when it was read: what the launcher samples later is not counted.

        A peak that only a search reached, which needs memory itself, does not count.
        """
        peak = find_resident_peak()
        if not self._resident or (peak or 0) > self._searched_resident:
            self._resident = {"rss_peak_nbytes": peak, "rss_read_ns": time.time_ns()}
        return self._resident

    def _note_resident(self) -> None:
        self._searched_resident = find_resident_peak() or 0

    def _search_and_write(self, recording: _native.Recording) -> None:
        collects = gc.isenabled()
        gc.disable()  # what the program left in cycles is live until it ends, and the search allocates much
        try:
            self._search(recording, None, numpy=True)
            self._native.sight_holders(self._found)
            self._named = self._list_addresses()
        finally:
            self._found = ()  # it holds the arrays
            self._is_searched = False
            self._note_resident()
            if collects:
                gc.enable()

    def _search(self, recording: _native.Recording, deep: DeepLook | None, *, numpy: bool) -> None:
        try:
            self._is_searched = True
            self.read_resident()
            if numpy:
                self._search_objects(recording, deep)
        finally:
            self._note_resident()

    def _call_quietly(self, act: Callable[[], None]) -> None:
        """Call a function whose own memory is not recorded."""
        quiet = self._native.quiet(True)
        try:
            act()
        finally:
            if quiet:
                self._native.quiet(False)

    def _search_objects(self, recording: _native.Recording, deep: DeepLook | None) -> None:
        is_wanted = self._count_unnamed(()) > 0 and recording.live >= LEAST_NBYTES
        if is_wanted or deep is not None or self._may_have_foreign_arrays():
            self._found, note = find_in_objects(threshold=self._threshold, deep=deep)
            self.notes += [note] if note and note not in self.notes else []

    def _count_unnamed(self, *found: tuple[Any, ...]) -> int:
        named: int = self._native.sight_holders(*found)
        return len(self._native.live_buffers(self._threshold)) - named

    def _may_have_foreign_arrays(self) -> bool:
        """Tell whether memory is live in which arrays may lie: large blocks of malloc, and mapped files."""
        # What a library maps begins at a page; what it asks malloc for does not, as bytes that are unpickled arrays.
        blocks = self._native.live_buffers(LEAST_NBYTES, _NATIVE)
        return any(address % 4096 for address, *_ in blocks) or bool(self._native.live_buffers(LEAST_NBYTES, _MAPPED))

    def _list_addresses(self) -> set[int]:
        domains = (self._threshold,), (LEAST_NBYTES, _NATIVE), (LEAST_NBYTES, _MAPPED)
        return {address for domain in domains for address, *_ in self._native.live_buffers(*domain)}

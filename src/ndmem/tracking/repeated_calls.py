"""Call a function several times, and record which arrays each call leaves behind."""

from __future__ import annotations

import contextlib
import gc
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ndmem.platform.resident.pages import own_resident_nbytes

from .recorder import ALL_EVENTS, Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ndmem.model.trace import Trace

    from .recorder import Search


@dataclass(frozen=True, slots=True)
class Call:
    """One measured call, as numbers of events.

    Attributes
    ----------
    start, end : int
        Before the call, and when it had returned and its result was dropped.
    collected : int
        When the garbage collector had run after it.
    """

    start: int
    end: int
    collected: int


@dataclass(frozen=True, slots=True, eq=False)
class RecordedCalls:
    """What several calls of a function left behind.

    Attributes
    ----------
    trace : Trace
        The record of the calls, from the first to the last measured one.
    calls : tuple of Call
        The measured calls.
    resident_nbytes : tuple of int or None
        Resident bytes before the first call and after each one; ``None`` if they cannot be read.
    """

    trace: Trace
    calls: tuple[Call, ...]
    resident_nbytes: tuple[int, ...] | None


def record_calls(
    call: Callable[[], Any], *, repeat: int, warmup: int, threshold: int, find_kept: Search, find_cycles: Search
) -> RecordedCalls:
    """Call a function and record what each call leaves behind.

    The garbage collector does not run by itself during a measured call: what a cycle keeps is seen after it.

    Parameters
    ----------
    call : callable
        The function; what it returns is dropped.
    repeat, warmup : int
        Measured calls, and calls before them that are not measured: they fill what is filled once.
    threshold : int
        Bytes from which on an array counts.
    find_kept, find_cycles : callable
        Search for the holders of arrays after the last call, and for those that only a cycle holds.

    Raises
    ------
    TrackingError
        If tracking cannot work here.
    """
    for _ in range(warmup):
        call()
    recorder = Recorder(threshold=threshold, room=ALL_EVENTS, objects=False)
    resident = []
    calls = []
    with _collecting_by_hand():
        gc.collect()
        recorder.start()
        try:
            resident.append(own_resident_nbytes())
            for number in range(repeat):
                start = recorder.events
                call()
                end = recorder.events
                if number == repeat - 1:
                    recorder.note_holders(find_cycles)
                gc.collect()
                calls.append(Call(start, end, recorder.events))
                resident.append(own_resident_nbytes())
            recorder.note_holders(find_kept)
        finally:
            recorder.stop(finds_holders=False)
    known = tuple(nbytes for nbytes in resident if nbytes is not None)
    return RecordedCalls(recorder.read_trace(), tuple(calls), known if len(known) == len(resident) else None)


@contextlib.contextmanager
def _collecting_by_hand() -> Iterator[None]:
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()

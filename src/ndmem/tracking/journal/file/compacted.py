"""Read a compacted journal: renumber the events that are kept, and turn the others into marks."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.model.columns import Compacted, Domain, Kind

from .records import CLOCK, COMPACTED, Journal

if TYPE_CHECKING:
    from ndmem.model.columns import Bools, Int64s

    Records = np.ndarray[Any, Any]

# A mark counts fewer events; a larger figure is damage, and sums of such figures would overflow.
_MOST = 2**32
# No buffer has this number: a death of a missing buffer is damage, and `make_events` discards what follows it.
_NO_BUFFER = 2**60


def renumber_compacted(journal: Journal) -> Journal:
    """Return a journal of the events that were kept, with consecutive numbers.

    Parameters
    ----------
    journal : Journal
        Buffers and events are numbered as if none had been left out.

    Returns
    -------
    Journal
        The same object if none was left out. Else without marks among its events, and without holders, forms and
        origins of buffers that were left out.
    """
    raw = journal.events
    is_mark = raw["kind"] == COMPACTED
    if not is_mark.any():
        return journal
    is_arrays = is_mark & (raw["domain"] == Domain.ARRAY)
    wrong = is_arrays & ((raw["payload"] < 0) | (raw["payload"] >= _MOST))
    end = int(np.argmax(wrong)) if wrong.any() else len(raw)
    raw, is_mark, is_arrays = raw[:end], is_mark[:end], is_arrays[:end]

    is_event = (raw["kind"] == Kind.BORN) | (raw["kind"] == Kind.DIED)
    born = raw["kind"] == Kind.BORN
    births = np.where(is_arrays, raw["node"], 0).astype(np.int64)
    deaths = np.where(is_arrays, raw["payload"], 0)
    # Original number of events up to each kept one, and original numbers of the kept buffers.
    counted = np.cumsum(is_event + births + deaths)[is_event]
    numbers = (np.cumsum(born + births) - 1)[born]

    kept = raw[~is_mark].copy()
    died = kept["kind"] == Kind.DIED
    kept["payload"][died] = _place(numbers, kept["payload"][died])
    header = journal.header.copy()
    for name in ("peak_events", "total_events"):
        header[name] = _count(counted, int(header[name]))
    places = dict(zip(numbers.tolist(), range(len(numbers)), strict=True))
    return dataclasses.replace(
        journal,
        header=header,
        events=kept,
        holders=tuple(
            dataclasses.replace(holder, buffer=places[holder.buffer], events=_count(counted, holder.events))
            for holder in journal.holders
            if holder.buffer in places
        ),
        origins={places[buffer]: origin for buffer, origin in journal.origins.items() if buffer in places},
        forms={places[buffer]: form for buffer, form in journal.forms.items() if buffer in places},
        budgets=[(_count(counted, events), nbytes) for events, nbytes in journal.budgets],
        compacted=_read_marks(raw, is_arrays, is_event),
    )


def _place(numbers: Int64s, wanted: Int64s) -> Int64s:
    """Return the index of each number among the kept ones."""
    at = np.searchsorted(numbers, wanted)
    there = at < len(numbers)
    there[there] = numbers[at[there]] == wanted[there]
    return np.where(there, at, _NO_BUFFER)


def _count(counted: Int64s, events: int) -> int:
    """Return how many of the first ``events`` events were kept."""
    return int(np.searchsorted(counted, events, side="right"))


def _read_marks(raw: Records, is_arrays: Bools, is_event: Bools) -> Compacted:
    time_ns = np.maximum.accumulate(np.where(raw["kind"] == CLOCK, raw["payload"], 0))
    # The native figure of a mark is in the record before it, if native memory was watched.
    is_native = (raw["kind"] == COMPACTED) & (raw["domain"] == Domain.NATIVE)
    has_native = np.roll(is_native, 1)[is_arrays]
    native = np.where(has_native, np.roll(raw["payload"], 1)[is_arrays], 0)
    return Compacted(
        events=np.cumsum(is_event, dtype=np.int64)[is_arrays],
        births=raw["node"][is_arrays].astype(np.int64),
        deaths=raw["payload"][is_arrays].astype(np.int64),
        live=raw["live"][is_arrays].astype(np.int64),
        native=native.astype(np.int64),
        time_ns=time_ns[is_arrays].astype(np.int64),
    )

"""Reading a journal that left events out: what is there is numbered anew, what is not becomes marks."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.model.columns import Domain, Folded, Kind

from .journal import CLOCK, FOLDED, Journal

if TYPE_CHECKING:
    from ndmem.model.columns import Bools, Int64s

    Records = np.ndarray[Any, Any]

# A mark counts no more; a larger figure is damage, and sums of them would wrap.
_MOST = 2**32
# No buffer has this number: a death of one that is not there is damage, which `make_events` cuts off.
_NOBODY = 2**60


def unfold(journal: Journal) -> Journal:
    """Return a journal of the events that are there, with numbers of their own.

    Parameters
    ----------
    journal : Journal
        As it lies there: buffers and events are numbered as if nothing had been left out.

    Returns
    -------
    Journal
        The same if nothing was. Else without marks among its events; what was said of buffers that are not there is
        left out.
    """
    raw = journal.events
    is_mark = raw["kind"] == FOLDED
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
    # How many events there had been up to each that is there, and what the buffers that are there are called.
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
        budgets=[(_count(counted, events), nbytes) for events, nbytes in journal.budgets],
        folded=_read_marks(raw, is_arrays, is_event),
    )


def _place(numbers: Int64s, wanted: Int64s) -> Int64s:
    """Return where each number is among those that are there."""
    at = np.searchsorted(numbers, wanted)
    there = at < len(numbers)
    there[there] = numbers[at[there]] == wanted[there]
    return np.where(there, at, _NOBODY)


def _count(counted: Int64s, events: int) -> int:
    """Return how many of so many events are there."""
    return int(np.searchsorted(counted, events, side="right"))


def _read_marks(raw: Records, is_arrays: Bools, is_event: Bools) -> Folded:
    time_ns = np.maximum.accumulate(np.where(raw["kind"] == CLOCK, raw["payload"], 0))
    # The native figure of a mark is in the record before it, where there is any.
    is_native = (raw["kind"] == FOLDED) & (raw["domain"] == Domain.NATIVE)
    has_native = np.roll(is_native, 1)[is_arrays]
    native = np.where(has_native, np.roll(raw["payload"], 1)[is_arrays], 0)
    return Folded(
        events=np.cumsum(is_event, dtype=np.int64)[is_arrays],
        births=raw["node"][is_arrays].astype(np.int64),
        deaths=raw["payload"][is_arrays].astype(np.int64),
        live=raw["live"][is_arrays].astype(np.int64),
        native=native.astype(np.int64),
        time_ns=time_ns[is_arrays].astype(np.int64),
    )

"""Events of a journal as steps: the node that allocated each buffer, and its bytes, for deaths too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.model.columns import Domain, Kind
from ndmem.model.moments import Steps
from ndmem.tracking.journal.file.records import CLOCK

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s

    Records = np.ndarray[Any, Any]


def make_steps(
    events: Records, time_ns: Int64s, alive: Records, buffers: tuple[Records, Int64s], *, skip: int
) -> Steps:
    """Return events as steps.

    Parameters
    ----------
    events : structured array
        The events, with clock readings and marks.
    time_ns : (n,) int64
        Their times.
    alive : structured array
        Births of what was live before the first event.
    buffers : (structured array, (k,) int64)
        The same with the births among the events, and their numbers, which rise.
    skip : int
        Number of first events that are only applied, and not among the steps.
    """
    births, numbers = buffers
    # A clock reading has the live bytes of the event that comes after it.
    keep = events["kind"] != CLOCK
    skip = int(np.count_nonzero(keep[:skip]))
    events, time_ns = events[keep], time_ns[keep]
    source = events.copy()
    died = np.flatnonzero(events["kind"] == Kind.DIED)
    place = np.minimum(np.searchsorted(numbers, events["payload"][died]), max(len(numbers) - 1, 0))
    known = numbers[place] == events["payload"][died] if len(numbers) else np.zeros(len(died), np.bool_)
    change = np.where(events["kind"] == Kind.BORN, events["payload"], 0)
    if len(numbers):
        change[died] = np.where(known, -births["payload"][place], 0)
        source[died] = births[place]
    node, domain = source["node"].astype(np.int32), source["domain"]
    is_array = domain == Domain.ARRAY
    arrays = alive[alive["domain"] == Domain.ARRAY]
    before = np.zeros(max(int(arrays["node"].max(initial=0)), int(node.max(initial=0))) + 1, np.int64)
    np.add.at(before, arrays["node"], arrays["payload"])
    np.add.at(before, node[:skip], np.where(is_array, change, 0)[:skip])
    native = np.where(domain == Domain.NATIVE, change, 0)
    native_before = int(alive["payload"][alive["domain"] == Domain.NATIVE].sum() + native[:skip].sum())
    live = np.ascontiguousarray(events["live"][skip:])
    return Steps(time_ns[skip:], live, node[skip:], change[skip:], domain[skip:], before, native_before)

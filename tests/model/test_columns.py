"""Events as columns: what is live after a number of them, and their running sum."""

import numpy as np
import pytest
from tests.traces import USER, Frame, TraceBuilder

from ndmem.model.columns import Domain, Events

HERE = (Frame(USER, 1),)


def make_events() -> Events:
    """Return the events of arrays of 5,000 and 6,000 bytes, the first freed, and a native block between them."""
    builder = TraceBuilder(native_threshold=1)
    first = builder.born(HERE, 5_000)
    builder.native(HERE, 70)
    builder.died(first, HERE)
    builder.born(HERE, 6_000)
    return builder.build().events


@pytest.mark.parametrize(
    ("count", "alive"),
    [
        (0, [False, False, False]),
        (2, [True, True, False]),
        (3, [False, True, False]),
        (4, [False, True, True]),
    ],
)
def test_alive_after_a_number_of_events(count: int, alive: list[bool]) -> None:
    """A buffer is live from its allocation to its deallocation; a domain selects its buffers."""
    events = make_events()
    assert events.alive_after(count).tolist() == alive
    native = events.alive_after(count, domain=Domain.NATIVE)
    assert native.tolist() == [False, alive[1], False]


def test_the_running_sum_counts_the_chosen_events() -> None:
    """Allocations add and deallocations subtract; events that are not counted change nothing; sizes can be replaced."""
    events = make_events()
    arrays = events.domain == Domain.ARRAY
    assert events.running_nbytes(arrays).tolist() == [5_000, 5_000, 0, 6_000]
    assert events.native_live().tolist() == [0, 70, 70, 70]
    assert events.running_nbytes(arrays, np.array([1, 9, 1, 2])).tolist() == [1, 1, 0, 2]

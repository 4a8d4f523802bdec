"""`weigh` and the tracker count the same arrays: two ways to one number."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ndmem

LENGTHS = st.integers(1, 2000)
DTYPES = st.sampled_from(["u1", "f4", "f8", "c16", "U3", "f8,i2"])
PLANS = st.recursive(
    st.tuples(st.just("array"), LENGTHS, DTYPES) | st.tuples(st.just("view"), st.integers(0, 5), st.integers(0, 50)),
    lambda inner: st.tuples(
        st.sampled_from(["list", "tuple", "dict", "objects", "again"]),
        st.lists(inner, max_size=4),
    ),
    max_leaves=25,
)


def build(plan, made):
    """Make what a plan says; views are of arrays made before, if there are any."""
    kind, *rest = plan
    if kind == "array":
        made.append(np.zeros(*rest))
        return made[-1]
    if kind == "view":
        which, start = rest
        return made[which % len(made)][start::2] if made else None
    items = [build(each, made) for each in rest[0]]
    if kind == "objects":
        held = np.empty(len(items), dtype=object)
        for position, item in enumerate(items):
            held[position] = item
        made.append(held)
        return held
    return {
        "list": lambda: items,
        "tuple": lambda: tuple(items),
        "dict": lambda: {f"key {position}": item for position, item in enumerate(items)},
        "again": lambda: [items, items, dict.fromkeys("ab", items)],
    }[kind]()


@pytest.mark.long
@settings(deadline=None, max_examples=150)
@given(PLANS)
def test_buffers_are_what_the_tracker_has_alive(plan):
    """The buffers of what a block made, weighed, are the tracker's live bytes; owned by nobody else, all of them."""
    with ndmem.track() as run:
        made = []
        thing = [build(plan, made), made]
        del made
        weight = ndmem.weigh(thing, resident=False)
        # NumPy asks for one byte at least, where the array has none.
        empty = sum(each.nbytes == 0 for each in thing[1])
        assert weight.numbers.buffers_nbytes + empty == run.live
    assert (weight.owned, weight.numbers.unsure) == (weight.reachable, 0)

"""Laws of `weigh` that hold for any nest of containers and arrays."""

import gc
import sys
import tracemalloc

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ndmem import weigh

MOST_VIEWS = 4


@st.composite
def pools(draw):
    """Arrays that own their memory, and views of them."""
    owners = [np.ones(draw(st.integers(0, 300)), draw(st.sampled_from(["u1", "f4", "f8", "c16"]))) for _ in range(3)]
    views = []
    for _ in range(draw(st.integers(0, MOST_VIEWS))):
        base = draw(st.sampled_from(owners + views))
        start, step = draw(st.integers(0, 5)), draw(st.sampled_from([-2, -1, 1, 2, 3]))
        views.append(base[start:][::step] if base.ndim else base[...])
    return owners + views


@st.composite
def nests(draw):
    """Containers in containers, with arrays of one pool as leaves; a leaf may appear many times."""
    pool = draw(pools())
    leaves = st.sampled_from(range(len(pool))).map(pool.__getitem__)
    keys = st.text(min_size=1, max_size=5)
    tree = st.recursive(
        leaves | st.integers() | st.text(max_size=3) | st.none(),
        lambda inner: st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys, inner, max_size=4),
        max_leaves=12,
    )
    return draw(tree)


def leaves_of(nest):
    """Every array reference in a nest, in order."""
    if isinstance(nest, np.ndarray):
        yield nest
    elif isinstance(nest, dict):
        for value in nest.values():
            yield from leaves_of(value)
    elif isinstance(nest, (list, tuple)):
        for value in nest:
            yield from leaves_of(value)


def owner_of(array):
    """The array that owns the memory."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


@given(nests())
def test_each_buffer_once(nest):
    """Bytes of buffers are those of the distinct owners behind the arrays of a nest."""
    owners = {id(owner_of(array)): owner_of(array).nbytes for array in leaves_of(nest)}
    weight = weigh(nest)
    assert weight.numbers.buffers_nbytes == sum(owners.values())
    # An array by itself has no list of buffers: it is its only one.
    by_itself = isinstance(nest, np.ndarray) and nest.base is None
    assert weight.n_buffers == (0 if by_itself else sum(nbytes > 0 for nbytes in owners.values()))


@given(nests())
def test_logical_adds_up_nbytes(nest):
    """Logical bytes are the sum of `.nbytes` over the references of each distinct container, and the root."""
    seen = set()

    def total(part):
        if isinstance(part, np.ndarray):
            return part.nbytes
        # The same container object twice is walked once; hypothesis shares empty and repeated ones.
        if not isinstance(part, (list, tuple, dict)) or id(part) in seen:
            return 0
        seen.add(id(part))
        return sum(map(total, part.values() if isinstance(part, dict) else part))

    assert weigh(nest).logical == total(nest)


@given(nests())
def test_owned_within_reachable(nest):
    """What would be freed is part of what is kept alive; Python objects are part of it too."""
    numbers = weigh(nest).numbers
    assert 0 <= numbers.owned <= numbers.reachable
    assert 0 <= numbers.python <= numbers.reachable
    assert numbers.unsure == 0


@given(nests())
def test_parts_are_weighed_as_by_themselves(nest):
    """A part that is one child has the numbers that weighing the child gives."""
    if not isinstance(nest, dict):
        nest = {"only": nest}
    alone = {part.label: part.numbers for part in weigh(nest).parts if part.count == 1}
    children = {f"[{key!r}]": child for key, child in nest.items()}
    # Four children at most are all shown; those without arrays may be counted with the dict.
    assert {label for label, child in children.items() if any(True for _ in leaves_of(child))} <= alone.keys()
    assert alone == {label: weigh(children[label]).numbers for label in alone}


@given(nests(), nests())
def test_together(first, second):
    """Several weigh at least the heaviest of them and at most their sum; the same twice weighs once."""
    both, one, other = weigh(first, second), weigh(first), weigh(second)
    assert max(one.reachable, other.reachable) <= both.reachable <= one.reachable + other.reachable
    assert weigh(first, first).reachable == one.reachable


@given(nests())
def test_nothing_changes(nest):
    """Weighing leaves every reference count, and the weight, as they were."""
    everything = [[nest], *leaves_of(nest)]  # not the nest: it may be (), which the interpreter shares
    gc.collect()  # garbage of earlier examples may refer to the same leaves, and may be collected meanwhile
    before = [sys.getrefcount(each) for each in everything]
    first = weigh(nest, depth=3)
    assert [sys.getrefcount(each) for each in everything] == before
    assert weigh(nest, depth=3) == first


@given(st.lists(st.integers(1, 5000), max_size=20))
def test_equals_what_numpy_allocated(lengths):
    """Bytes of buffers are those tracemalloc sees in NumPy's domain for the same arrays."""
    tracemalloc.start()
    try:
        before = numpys_bytes()
        arrays = [np.ones(length) for length in lengths]
        views = [array[::2] for array in arrays]
        traced = numpys_bytes() - before
    finally:
        tracemalloc.stop()
    assert weigh(arrays, views).numbers.buffers_nbytes == traced


def numpys_bytes():
    """Bytes alive in NumPy's domain of tracemalloc."""
    snapshot = tracemalloc.take_snapshot().filter_traces([tracemalloc.DomainFilter(True, 389047)])
    return sum(statistic.size for statistic in snapshot.statistics("filename"))

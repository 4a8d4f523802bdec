"""The walk's own sizes, ownership and failures, beside what CPython says."""

import ctypes
import gc
import sys
import threading
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ndmem
from ndmem._walk import Graph, entries_of, frame_variables, items_of, stacks
from ndmem.weighing import register, weigh

N = 100_000


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=2)), st.booleans())
def test_sizes_of_texts(texts, encoded):
    """A list of texts weighs what `sys.getsizeof` says of it and of each text, also where a text keeps its encoding."""
    own = [f"{text}{position}" for position, text in enumerate(texts)]
    if encoded:
        for text in own:
            ctypes.pythonapi.PyUnicode_AsUTF8AndSize(ctypes.py_object(text), None)
    text = None
    expected = sys.getsizeof(own) + sum(map(sys.getsizeof, own))
    assert weigh(own, depth=0, resident=False).reachable == expected


@given(st.lists(st.tuples(st.integers(10**6, 10**9), st.booleans())), st.booleans())
def test_sizes_of_dicts(entries, text):
    """A dict that was filled and partly emptied weighs what `sys.getsizeof` says of it, its keys and its values."""
    held = {}
    for number, kept in entries:
        key = f"key {number}" if text else number
        held[key] = float(number)
        if not kept:
            del held[key]
    parts = {id(part): sys.getsizeof(part) for pair in held.items() for part in pair}
    outer = [held]
    expected = sys.getsizeof(outer) + sys.getsizeof(held) + sum(parts.values())
    assert weigh(outer, depth=0, resident=False).reachable == expected
    del held  # now the list alone leads to it: it is counted with the list
    assert weigh(outer, depth=0, resident=False).reachable == expected


def test_parameter_that_its_caller_holds():
    """A running function does not own what its caller's variable holds, though from 3.14 on it may only borrow it."""

    def callee(held):
        assert held is not None
        return weigh(sys._getframe(), depth=0, resident=False).owned

    def caller():
        local = np.ones(N)
        owned = callee(local)
        assert local is not None
        return owned

    assert caller() < 8 * N


def test_variables_of_a_suspended_generator():
    """A suspended generator owns its variables, also where its stack refers to one of them once more."""

    def generate():
        local = np.ones(N)
        yield max(local, (yield None), key=id)

    made = generate()
    next(made)
    assert 8 * N <= weigh(made, depth=0, resident=False).owned < 9 * N


def test_running_generator_of_this_thread():
    """Objects held by a running generator's variables are reachable from it."""
    seen = []

    def generate():
        local = np.ones(N)
        seen.append(weigh(made, depth=0, resident=False).reachable)
        yield local

    made = generate()
    next(made)
    assert 8 * N <= seen[0] < 9 * N


def test_variables_of_running_functions():
    """`stacks` has the variables of all threads' functions, those in cells and not those that are unbound."""
    on, off = threading.Event(), threading.Event()

    def work(argument, shared):
        local = argument + 1
        on.set()
        off.wait()
        unbound = lambda: shared  # noqa: E731
        return local, unbound

    thread = threading.Thread(target=work, args=(1, "cell"))
    thread.start()
    on.wait()
    found = [variables for _, name, variables in stacks() if name == "work"]
    off.set()
    thread.join()
    assert found == [{"argument": 1, "shared": "cell", "local": 2, "on": on, "off": off}]


def test_variables_of_ended_functions():
    """A function that ended by an exception has its variables, one that still runs is left to `stacks`."""

    def fail():
        local = 5
        raise ValueError(local)

    with pytest.raises(ValueError, match="5") as caught:
        fail()
    frame = caught.tb.tb_next.tb_frame
    assert frame_variables(frame) == {"local": 5}
    assert frame_variables(sys._getframe()) is None
    frame.clear()
    assert frame_variables(frame) == {}


def test_snapshots():
    """A snapshot of a builtin container has the items of the builtin iteration, whatever a subclass overrides."""

    class Liar(dict):
        def __iter__(self):
            raise AssertionError

        keys = values = items = __iter__

    assert entries_of(Liar(a=1, b=2)) == (["a", "b"], [1, 2])
    assert items_of(dict, Liar(a=1)) == ["a"]
    assert items_of(set, {1}) == [1]
    with pytest.raises(TypeError):
        items_of(set, [1])
    with pytest.raises(TypeError):
        entries_of([])


class Interrupts:
    """Its rule fails as if the user had pressed Ctrl-C."""


def interrupt(_):
    """Raise what Ctrl-C raises."""
    raise KeyboardInterrupt


def test_interrupted_weighing_leaves_no_cycle():
    """Objects of an interrupted weighing that hold the exception are freed by the collector."""

    class Holder:
        pass

    register(Interrupts, interrupt)
    holder = Holder()
    holder.part = Interrupts()
    with pytest.raises(KeyboardInterrupt) as caught:
        weigh(holder)
    holder.error = caught.value
    seen = weakref.ref(holder)
    del holder, caught
    gc.collect()
    assert seen() is None


class Slotted:
    """Has a slot."""

    __slots__ = ("slot",)


class Bare(Slotted):
    """May have attributes, in a dict or beside it."""


class BareError(Exception):
    """Has its dict in the object itself."""


@pytest.mark.parametrize(
    "made", [Bare, BareError, type("Plain", (), {}), type("Bytes", (bytes,), {}), lambda: lambda: None]
)
def test_weighing_makes_no_dict(made):
    """An instance without attributes weighs the same again: weighing has given it no dict."""
    held = made()
    first = weigh(held, resident=False).reachable
    assert weigh(held, resident=False).reachable == first


def test_questions_without_memory():
    """A query that runs out of memory raises MemoryError and returns no partial result."""
    testing = pytest.importorskip("_testcapi")
    part = [np.ones(3)]
    graph = Graph(lambda _: None)
    graph.root([part, part, (part,)])
    node = graph.index(part)
    asked = {
        graph.referrers: {node},
        graph.largest: 5,
        graph.measure: (node,),
    }
    for question, argument in asked.items():
        whole, failed = question(argument), 0
        for start in range(40):
            testing.set_nomemory(start, start + 1)
            try:
                answer = question(argument)
            except MemoryError:
                answer, failed = whole, failed + 1
            finally:
                testing.remove_mem_hooks()
            assert answer == whole
        assert failed > 0, question


def test_everything_is_let_go_of():
    """What `arrays` met is freed as soon as the program lets go of it."""

    class Holder:
        pass

    holder = Holder()
    seen = weakref.ref(holder)
    ndmem.arrays()
    del holder
    assert seen() is None

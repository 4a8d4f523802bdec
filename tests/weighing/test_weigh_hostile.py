"""`weigh` of objects whose code raises, lies, or changes them meanwhile."""

import gc
import itertools
import sys
import threading
import types

import numpy as np
import pytest

from ndmem import weigh
from ndmem._walk import Graph


class Hostile:
    """Everything that code could ask of it raises or lies."""

    __class__ = property(lambda self: 1 / 0)
    __dict__ = property(lambda self: 1 / 0)

    def _raise(self, *args, **kwargs):
        raise RuntimeError("hostile")

    __getattribute__ = __len__ = __iter__ = __hash__ = __eq__ = __repr__ = __str__ = __bool__ = _raise
    __getitem__ = __contains__ = __call__ = __sizeof__ = __array__ = __buffer__ = __index__ = _raise


class Lying(np.ndarray):
    """An array whose attributes raise."""

    nbytes = base = flags = shape = dtype = property(lambda self: 1 / 0)

    def __array_finalize__(self, other):
        pass

    def __len__(self):
        raise RuntimeError

    __getitem__ = __iter__ = __repr__ = __sizeof__ = __len__


class Meta(type):
    """A metaclass that answers nothing."""

    def __getattribute__(cls, name):
        raise RuntimeError(name)

    def __instancecheck__(cls, instance):
        raise RuntimeError


class WithMeta(metaclass=Meta):
    """A class of it."""


class HostileDict(dict):
    """A dict that does not let itself be read."""

    def _raise(self, *args):
        raise RuntimeError

    items = keys = values = __iter__ = __getitem__ = __len__ = _raise


class NegativeSize:
    """Says it is smaller than nothing."""

    def __sizeof__(self):
        return -(10**9)


def running():
    """A frame that runs, held by itself."""
    frame = sys._getframe()
    return weigh(frame), weigh([frame])


HOSTILE = {
    "hostile": Hostile(),
    "key": {("k", object()): np.ones(3), Ellipsis: 1, frozenset(): 2},
    "lying array": np.ones(1000).view(Lying),
    "metaclass": object.__new__(WithMeta),
    "class of it": WithMeta,
    "dict": HostileDict(a=np.ones(1000)),
    "size": NegativeSize(),
    "module": np,
    "type": type,
    "none": None,
    "iterators": [
        iter([1]),
        map(str, [1]),
        itertools.tee([1])[0],
        zip([1], [2], strict=True),
        iter({}.items()),
    ],
    "functions": [len, [].append, np.add, weigh, lambda: 0, property(len), staticmethod(len)],
    "lock": threading.Lock(),
    "code": weigh.__code__,
    "big int": 10**5000,
    "long text": "é" * 10**6,
    "cell": types.CellType(np.ones(3)),
    "deleted cell": types.CellType(),
    "range": range(10**18),
    "slice": slice(np.ones(3), None),
    "exception": ValueError(np.ones(3)),
    "generic": list[int],
    "arrays": np.array([np.array([np.array([], object)], object), None], object),
    "self-containing array": np.empty(1, object),
    "released view": memoryview(b"abc"),
    "garbage collector": gc,
    "strides": np.lib.stride_tricks.as_strided(np.ones(4), (10**6, 10**6), (0, 0)),
    "empty": np.empty((0, 10**9)),
    "void": np.zeros(3, "V0"),
}

HOSTILE["self-containing array"][0] = HOSTILE["self-containing array"]

HOSTILE["released view"].release()


@pytest.mark.parametrize("name", HOSTILE)
def test_anything_can_be_weighed(name):
    """No object makes weighing or printing fail, whatever its class does; none weighs less than nothing."""
    for thing in (HOSTILE[name], [HOSTILE[name]], {"x": HOSTILE[name]}):
        weight = weigh(thing, depth=4)
        assert 0 <= weight.owned <= weight.reachable
        assert str(weight)
        assert weight._repr_html_().startswith('<div class="ndmem">')
    if name == "lying array":
        assert weigh(HOSTILE[name]).numbers.buffers_nbytes == 8000


def test_let_go_while_its_type_is_looked_up():
    """What its holder lets go of while rules for its type are looked for is left out, and what is left is weighed."""

    class Brief:
        pass

    holder = [Brief(), np.ones(1000)]

    def resolve(kind):
        if kind is Brief:
            del holder[0]

    graph = Graph(resolve)
    graph.root(holder)
    assert [type(graph.object_of(node)) for node in range(len(graph))] == [list, np.ndarray]
    assert holder[0].sum() == 1000


def test_threads_may_change_what_is_weighed():
    """Weighing a list that another thread fills and empties neither fails nor crashes."""
    shared, stop = [], threading.Event()

    def churn():
        while not stop.is_set():
            shared.extend(np.ones(10) for _ in range(50))
            del shared[:]

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(200):
            assert weigh(shared).reachable >= 0
    finally:
        stop.set()
        thread.join()


def test_class_gets_other_bases():
    """The attributes of an instance are found when its class has fewer bases than when it was first weighed."""

    class Root:
        pass

    class Middle(Root):
        pass

    class Upper(Middle):
        pass

    class Kind(Upper):
        pass

    thing = Kind()
    thing.array = np.ones(1000)
    assert weigh(thing, depth=1).part(".array").numbers.reachable > 8000
    Kind.__bases__ = (Root,)
    assert weigh(thing, depth=1).part(".array").numbers.reachable > 8000
    Kind.__bases__ = (Upper,)
    assert weigh(thing, depth=1).part(".array").numbers.reachable > 8000


def test_running_frame():
    """A frame that runs can be weighed from within."""
    for weight in running():
        assert weight.reachable >= weight.owned >= 0

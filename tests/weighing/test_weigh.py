"""`weigh`: laws that hold for any object, and hand-computed values."""

import gc
import itertools
import sys
import threading
import tracemalloc
import types
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndmem import weigh
from ndmem._walk import Graph
from ndmem.errors import WeighError

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


def test_classic_traps():
    """A view of ten elements that keeps 80 MB; an array in several guises; zeros that were never written."""
    view = np.ones(10_000_000)[:10]
    weight = weigh(view)
    assert (weight.logical, weight.numbers.buffers_nbytes) == (80, 80_000_000)
    assert weight.owned == weight.reachable
    array = np.ones((100, 50))
    guises = weigh([array, array[::2], array.T])
    assert (guises.numbers.buffers_nbytes, guises.logical) == (40_000, 40_000 + 20_000 + 40_000)
    # malloc may hand out pages used before, if so many freed ones are in a row: some 64 MiB at the end of the heap.
    zeros = weigh(np.zeros(50_000_000))
    assert zeros.resident is None or zeros.resident < 8192


@given(
    st.sampled_from("?bBhHiIlLqQefdgFDG"),
    st.sampled_from("=<>"),
    st.lists(st.integers(0, 12), max_size=5),
    st.booleans(),
)
def test_arrays_in_words(char, order, shape, is_view):
    """An array is described by its dtype's name and its shape as NumPy writes them, a view as such."""
    array = np.zeros(shape, np.dtype(char).newbyteorder(order))
    array = array[...] if is_view else array
    assert weigh(array).kind == f"ndarray {array.dtype.name} {array.shape}{' view' if is_view else ''}"


def test_view_has_its_base_as_part():
    """A view of an array has one part, which weighs what its base weighs, and one buffer, of the base."""
    base = np.ones((30, 40))
    for view in (base.T, base[::-1, 3], base[:0]):
        weight = weigh(view)
        (part,) = weight.parts
        assert (part.label, part.kind, part.numbers) == (".base", "ndarray float64 (30, 40)", weigh(base).numbers)
        (buffer,) = weight.buffers
        assert (buffer.nbytes, buffer.holder, buffer.parts) == (9600, part.kind, (".base",))
        assert (buffer.resident, weight.n_buffers) == (weight.resident, 1)
    assert weigh(np.empty((0, 3))[:0]).buffers == ()


def test_leaves_counted_with_their_holder_have_weights_of_their_own():
    """Small containers of numbers and text weigh as parts what sys.getsizeof says of all that is in them."""

    def deep(thing):
        inside = thing if isinstance(thing, (list, tuple)) else [*thing, *thing.values()] if type(thing) is dict else ()
        return sys.getsizeof(thing) + sum(map(deep, inside))

    def make(number):
        # text that is not interned, numbers that are not cached
        return {f"k{number}": (float(number), [10**9 + number, f"text {number}"]), f"l{number}": [[], {}]}

    nest = {f"name {number}": make(number) for number in range(10)}
    many = [make(number) for number in range(100)]
    parts = weigh(nest, depth=4).parts
    assert len(parts) == 10
    for part in parts:
        assert part.numbers.reachable == part.numbers.owned == deep(nest[part.label[2:-2]])
    (part,) = weigh(many).parts
    assert (part.count, part.numbers.reachable) == (100, sum(map(deep, many)))
    assert weigh(many).reachable == deep(many)
    shared = many[3]
    assert weigh(many).owned == deep(many) - deep(shared)


def test_held_elsewhere_is_not_owned():
    """An object that a variable of the caller also holds is reachable and not owned; weighed by itself it is owned."""
    array = np.ones(1000)
    weight = weigh({"a": array})
    assert weight.numbers.buffers_nbytes == 8000
    assert weight.owned < 1000
    assert weigh({"a": np.ones(1000)}).owned > 8000


def test_mapped_is_apart(tmp_path):
    """A mapped file is in `mapped` with its whole length, and in neither owned nor reachable."""
    path = tmp_path / "data"
    path.write_bytes(bytes(1_000_000))
    window = np.memmap(path, mode="r")[100:200]
    weight = weigh(window)
    assert weight.mapped == 1_000_000
    assert weight.numbers.owned_mapped == 1_000_000
    assert weight.reachable < 5000
    assert weight.logical == 100


def test_dlpack_is_unsure():
    """Memory behind a capsule is owned at most, and the weight says so."""
    weight = weigh(np.from_dlpack(np.ones(1000)))
    assert weight.numbers.unsure == 8000
    assert "at most" in str(weight)


def test_windows_of_one_capsule_are_one_buffer():
    """Two disjoint views of a DLPack import lie in one buffer."""
    imported = np.from_dlpack(np.ones(1000))
    views = [imported[:10], imported[990:]]
    del imported
    assert weigh(views).numbers.buffers_nbytes == 8000
    assert weigh(views).n_buffers == 1


def test_alike_are_folded():
    """Positions of a list are folded by type, dtype and shape, with the numbers of all of them together."""
    many = [np.ones(10) for _ in range(1000)] + [np.ones(20) for _ in range(500)]
    parts = weigh(many).parts
    assert sorted(part.count for part in parts) == [500, 1000]
    assert {part.numbers.buffers_nbytes for part in parts} == {500 * 160, 1000 * 80}


def test_folded_without_end():
    """A thousand shapes do not make a thousand parts, and none is lost."""
    many = [np.ones(length) for length in range(1, 1001)]
    weight = weigh(many)
    assert len(weight.parts) <= 64
    assert sum(part.count for part in weight.parts) == 1000
    assert sum(part.numbers.buffers_nbytes for part in weight.parts) == weight.numbers.buffers_nbytes


def test_shared_buffers_are_named():
    """A buffer that several parts lead to lists them."""
    array = np.ones(1000)
    shares = weigh({"x": array, "y": array[::2], "z": np.ones(3)}).buffers
    assert set(shares[0].parts) == {"['x']", "['y']"}
    assert shares[1].parts == ("['z']",)


def test_depth():
    """Depth is the number of levels of parts."""

    def levels(parts):
        return 1 + max((levels(part.parts) for part in parts), default=0) if parts else 0

    nest = {"a": {"b": {"c": {"d": np.ones(3)}}}}
    assert [levels(weigh(nest, depth=depth).parts) for depth in range(6)] == [0, 1, 2, 3, 4, 4]


def test_stop_at():
    """Objects of a type that is stopped at are left out with what only they hold; subclasses too."""

    class Sub(dict):
        pass

    nest = [np.ones(1000), {"a": np.ones(2000)}, Sub(b=np.ones(3000))]
    assert weigh(nest, stop_at=dict).numbers.buffers_nbytes == 8000
    assert weigh(nest, stop_at=(dict, np.ndarray)).numbers.buffers_nbytes == 0


@pytest.mark.parametrize("kind", [bytes, str, float, int, tuple, list, np.float64, complex])
def test_stop_at_leaves(kind):
    """Stopping at leaves, or containers of leaves, leaves those out; all else is what sys.getsizeof says."""

    def deep(thing):
        inside = thing if isinstance(thing, (list, tuple)) else ()
        return sys.getsizeof(thing) + sum(deep(held) for held in inside if not isinstance(held, kind))

    text, number = "é" * 500, 10**30
    nest = [bytes([65]) * 1000, text * 2, float("1.5"), number + 1, (float("2.5"),), [[], text * 3], np.float64(2)]
    assert weigh(nest, stop_at=kind).reachable == deep(nest)
    assert weigh([tuple(nest)], stop_at=kind).reachable == deep([tuple(nest)])


def test_resident_is_optional():
    """Without asking the system, resident is None and the rest is the same."""
    nest = [np.ones(100_000), np.ones(3)]
    asked, not_asked = weigh(nest), weigh(nest, resident=False)
    assert not_asked.resident is None
    assert (not_asked.owned, not_asked.reachable) == (asked.owned, asked.reachable)


@pytest.mark.parametrize(
    "options", [{"depth": -1}, {"depth": 1.5}, {"depth": True}, {"stop_at": 3}, {"stop_at": ("x",)}]
)
def test_bad_options(options):
    """Options that are not of their form are refused in one line."""
    with pytest.raises(WeighError):
        weigh([], **options)
    with pytest.raises(WeighError):
        weigh()


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


def test_running_frame():
    """A frame that runs can be weighed from within."""
    for weight in running():
        assert weight.reachable >= weight.owned >= 0


def test_attributes_are_named_without_making_a_dict():
    """Weighing an instance, whose attributes it names, takes no memory for good and does not change its weight."""

    class Plain:
        def __init__(self, **attributes):
            for name, value in attributes.items():
                setattr(self, name, value)

    thing = Plain(first=np.ones(100), second=np.ones(200), gone=1)
    del thing.gone
    first = weigh(thing, depth=2)
    assert {part.label for part in first.parts} == {".first", ".second"}
    assert weigh(thing, depth=2) == first
    thing.third = np.ones(300)
    assert [part.label for part in weigh(thing).parts] == [".third", ".second", ".first"]
    thing.__dict__["fourth"] = np.ones(400)
    assert [part.label for part in weigh(thing).parts] == [".fourth", ".third", ".second", ".first"]
    many = [Plain(**{f"name{number}": np.ones(number + 1)}) for number in range(50)]
    for number, each in enumerate(many):
        assert [part.label for part in weigh(each).parts] == [f".name{number}"]


def test_variables_of_a_running_frame():
    """The variables of a function that runs, here or in another thread, are all that its frame reaches."""

    def waiting(started, ended):
        array = np.ones(30_000)
        started.set()
        ended.wait()
        return array

    def here():
        array = np.ones(10_000)
        cell = np.ones(20_000)
        frame = sys._getframe()
        before = [sys.getrefcount(array), sys.getrefcount(cell), sys.getrefcount(frame)]
        weight = weigh(frame)
        assert [sys.getrefcount(array), sys.getrefcount(cell), sys.getrefcount(frame)] == before
        return weight, (lambda: cell)

    assert here()[0].numbers.buffers_nbytes == 8 * 30_000
    started, ended = threading.Event(), threading.Event()
    thread = threading.Thread(target=waiting, args=(started, ended))
    thread.start()
    try:
        assert started.wait(60)
        frame = sys._current_frames()[thread.ident]
        while frame.f_code is not waiting.__code__:
            frame = frame.f_back
        assert weigh(frame).numbers.buffers_nbytes == 8 * 30_000
    finally:
        ended.set()
        thread.join()


def test_frame_of_a_suspended_generator():
    """It reaches the variables, as its generator's; afterwards what of them is still alive."""

    def generate():
        array = np.ones(10_000)
        yield weakref.ref(array)

    generator = generate()
    array = next(generator)
    frame = generator.gi_frame
    assert weigh(frame).numbers.buffers_nbytes == weigh(generator).numbers.buffers_nbytes == 80_000
    assert weigh(frame).owned < 80_000
    del generator
    assert (weigh(frame).owned > 80_000) == (array() is not None)  # 3.13 lets go of them


def test_all_objects_there_are():
    """Every object the collector knows of can be weighed together, and a sample of them alone."""
    everything = gc.get_objects()
    assert weigh(everything, depth=1).reachable > 10**6
    for thing in everything[:: max(1, len(everything) // 500)]:
        assert weigh(thing, depth=1, resident=False).reachable >= 0


def test_deep_nesting():
    """A list in a list, a million deep, needs no recursion."""
    deep: list = [np.ones(1000)]
    for _ in range(200_000):
        deep = [deep]
    assert weigh(deep).numbers.buffers_nbytes == 8000
    while deep and isinstance(deep[0], list):  # freed step by step: CPython's own freeing recurses
        deep = deep[0]


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


def test_html_escapes():
    """A key cannot put markup into a notebook."""
    shown = weigh({"<script>alert(1)</script>": np.ones(3)})._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


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

"""`weigh`: laws that hold for any object, and hand-computed values."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndmem import weigh
from ndmem.errors import WeighError


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


def test_html_escapes():
    """A key cannot put markup into a notebook."""
    shown = weigh({"<script>alert(1)</script>": np.ones(3)})._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown

"""What objects held at the peak: names found by the walk from variables, while the program runs."""

import collections
import functools
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import ndmem
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.live import LiveBuffer, live_buffers
from ndmem.reporting.holder_names import HolderNames
from ndmem.reporting.text.tables.arrays import describe_holders
from ndmem.tracking.recorder import Recorder

KEPT, LARGER = 50_000, 400_000


class Plain:
    """Has one attribute."""

    def __init__(self, array: object) -> None:
        self._array = array


class Slotted:
    """Has slots and no dict."""

    __slots__ = ("array", "other")

    def __init__(self, array: object) -> None:
        self.array = array


class Attributes(dict):  # type: ignore[type-arg]
    """Has attributes beside its items."""

    array: object


Pair = collections.namedtuple("Pair", ["first", "second"])


def _closure(array: object) -> Callable[[], object]:
    return lambda: array


def _generator(array: object) -> Iterator[object]:
    yield
    yield array


def _started(array: object) -> Iterator[object]:
    started = _generator(array)
    next(started)
    return started


def _attributes(array: object) -> Attributes:
    found = Attributes()
    found.array = array
    return found


def _object_array(array: object) -> object:
    items = np.empty(2, object)
    items[1] = array
    return items


WAYS: dict[str, Callable[[object], object]] = {
    "held._array": Plain,
    "held.array": Slotted,
    "held._array['x'][1]": lambda array: Plain({"x": [0, array]}),
    "held[0][…]": lambda array: [{(1, 2): array}],
    "held[1]": lambda array: Pair(0, array),
    "held['a']": lambda array: collections.OrderedDict(a=array),
    "held.array ": _attributes,
    "held[2]": lambda array: collections.deque([0, 1, array]),
    "held (closure: array)": _closure,
    "held (generator: array)": _started,
    "held.args[0]": lambda array: functools.partial(sum, array),
    "held[1] ": _object_array,
    "held (inside the set)[0]": lambda array: {(array.tobytes,)},  # type: ignore[attr-defined]
}


def _peak_of(build: Callable[[], object]) -> dict[int, LiveBuffer]:
    """Return the buffers at the peak of a call, by their elements; nothing is left when it has returned."""
    return {buffer.nbytes // 8: buffer for buffer in live_buffers(_index_of(build))}


def _index_of(build: Callable[[], object]) -> TraceIndex:
    with ndmem.track() as run:
        build()
    return TraceIndex(run.trace)


def _text_of(build: Callable[[], object], elements: int) -> str:
    """Return what the text says of who holds a buffer at the peak of a call."""
    index = _index_of(build)
    names = HolderNames(index, str)
    return next(describe_holders(buffer, names) for buffer in live_buffers(index) if buffer.nbytes == 8 * elements)


@pytest.mark.parametrize("name", WAYS)
def test_an_object_of_a_running_function_names_its_array(name: str) -> None:
    """At the birth of a larger array, one that only an object holds is named by the way to it from a variable."""
    way = WAYS[name]

    def build() -> None:
        held = way(np.ones(KEPT))
        np.ones(LARGER)
        del held

    holder = _peak_of(build)[KEPT].holder
    expected = name.strip().replace("(inside the set)[0]", "(inside the set)")
    assert holder is not None
    assert (holder.name, holder.function, holder.shape, holder.dtype) == (expected, "build", (KEPT,), "float64")


@pytest.fixture
def library_class() -> Iterator[type]:
    """A class of a module that lies among the libraries, with one private attribute."""
    module = types.ModuleType("library_of_test")
    module.__file__ = str(Path(np.__file__).parent / "library_of_test.py")
    sys.modules["library_of_test"] = module
    yield type("Frame", (Plain,), {"__module__": "library_of_test"})
    del sys.modules["library_of_test"]


def test_the_private_inside_of_a_library_is_not_shown(library_class: type) -> None:
    """The way ends at a private attribute of a library's type; those of the user's types are shown."""

    def build() -> None:
        held = Plain([library_class(np.ones(KEPT))])
        np.ones(LARGER)
        del held

    holder = _peak_of(build)[KEPT].holder
    assert holder is not None
    assert holder.name == "held._array[0] (inside the Frame)"


def test_objects_of_libraries_come_after_the_users(library_class: type) -> None:
    """An object of a library with more references than a walk follows does not keep it from the user's objects."""

    def build() -> None:
        wide = library_class([[[]] * 100 for _ in range(1000)])
        held = Plain([Plain({"x": np.ones(KEPT)})])
        np.ones(LARGER)
        del wide, held

    holder = _peak_of(build)[KEPT].holder
    assert holder is not None
    assert holder.name == "held._array[0]._array['x']"


def test_a_cycle_and_a_long_list_end_the_walk() -> None:
    """A list that holds itself, and one with more items than a walk follows, leave other names as they are."""

    def build() -> None:
        cycle: list[object] = []
        cycle.append(cycle)
        crowd = [object() for _ in range(100_000)]
        held = Plain(np.ones(KEPT))
        np.ones(LARGER)
        del crowd, held
        cycle.clear()

    holder = _peak_of(build)[KEPT].holder
    assert holder is not None
    assert holder.name == "held._array"


def test_the_array_of_a_peak_has_its_name_at_the_next_array() -> None:
    """Where nothing is freed after the peak, the allocation that follows finds the name of the array that made it."""

    def build() -> None:
        result = np.ones(LARGER)
        np.ones(1000)
        del result

    holder = _peak_of(build)[LARGER].holder
    assert holder is not None
    assert holder.name == "result"


def test_a_name_that_was_taken_back_is_told_as_a_former_one() -> None:
    """An array that no variable holds at the peak, but one did before, is shown with that name, shape and dtype."""
    hidden = types.ModuleType("hidden")

    def build() -> None:
        first = np.ones((KEPT, 1))
        hidden.array = first  # type: ignore[attr-defined]
        np.ones(1000)
        del first
        np.ones(2 * KEPT)
        np.ones(LARGER)

    buffer = _peak_of(build)[KEPT]
    assert buffer.holders == ()
    assert [(holder.name, holder.shape) for holder in buffer.former] == [("first", (KEPT, 1))]
    assert _text_of(build, KEPT) == f"was first ({KEPT}, 1) float64"
    del hidden.array


def test_a_value_without_a_search_is_named_by_its_statement() -> None:
    """An array that no search saw under a name has that of the assignment whose value it is, or its function's."""

    def assign() -> None:
        result = np.ones(LARGER)
        del result

    def give() -> object:
        return np.ones(LARGER)

    assigned = _peak_of(assign)[LARGER]
    form = f"({LARGER},) float64"
    assert _text_of(assign, LARGER) == f"assigned to result {form}"
    assert _text_of(give, LARGER) == f"returned by give {form}"
    assert assigned.target is not None
    assert (assigned.target.name, assigned.target.function) == ("result", "assign")


def test_what_only_the_allocating_function_was_seen_to_hold_is_named_by_its_statement() -> None:
    """The variable of a library function that returns the array later says less than the user's assignment."""
    rows = np.ones((64, 1))

    def build() -> None:
        table = np.apply_along_axis(lambda row: np.full(LARGER // 64, row[0]), 1, rows)
        del table

    assert _text_of(build, LARGER) == f"assigned to table (64, {LARGER // 64}) float64"


def test_a_recording_may_search_variables_alone() -> None:
    """Without `objects` an array in an attribute has no name, one in a variable has."""
    recorder = Recorder(objects=False)

    def build() -> None:
        held, plain = Plain(np.ones(KEPT)), np.ones(KEPT + 1)
        np.ones(LARGER)
        del held, plain

    recorder.start()
    build()
    recorder.stop()
    buffers = {buffer.nbytes // 8: buffer for buffer in live_buffers(TraceIndex(recorder.read_trace()))}
    assert buffers[KEPT].array is None
    assert buffers[KEPT + 1].holder is not None

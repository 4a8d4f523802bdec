"""`arrays`: the live buffers, and the names that lead to them."""

import ctypes
import gc
import io
import subprocess
import sys
import threading

import numpy as np
import pytest

import ndmem
from ndmem.errors import UnitError
from ndmem.results.live_arrays import LiveArrays, arrays

SMALLEST = 123_456 * 8  # no array of another test is of this length


class Holder:
    """Has an attribute."""


MODULE_LEVEL = np.ones(123_456 + 1)


def sized(length):
    """The live buffers of exactly so many float64."""
    return [buffer for buffer in arrays(smallest=SMALLEST) if buffer.nbytes == 8 * length]


def test_local_and_global_names():
    """Locals are named with their function, globals with their module."""
    local = np.ones(123_456 + 2)
    assert [buffer.names for buffer in sized(123_456 + 2)] == [("local in test_local_and_global_names",)]
    (found,) = sized(123_456 + 1)
    assert any(name.endswith("MODULE_LEVEL") for name in found.names)
    assert (found.shape, found.dtype, found.order) == ((123_456 + 1,), "float64", "CF")
    del local


def test_containers_and_attributes():
    """An array in a dict in a list in an attribute has the whole way as its name."""
    outer = Holder()
    outer.items = [{"a": np.ones(123_456 + 3)}]
    (found,) = sized(123_456 + 3)
    assert found.names == ("outer.items[0]['a'] in test_containers_and_attributes",)


def test_attributes_of_classes():
    """An array that a class holds is named by the class, also if an instance finds it there."""

    class Shared:
        table = np.ones(123_456 + 30)

    instance = Shared()
    (found,) = sized(123_456 + 30)
    assert found.names == (f"{__name__}.test_attributes_of_classes.<locals>.Shared.table",)
    assert instance.table is Shared.table


def test_classes_that_are_unlike_others():
    """A class without a module, and one whose metaclass raises in every comparison, are no obstacle to names."""

    class Meta(type):
        def __eq__(cls, other):
            raise AssertionError("compared")

        def __hash__(cls):
            raise AssertionError("hashed")

    class Odd(metaclass=Meta):
        table = np.ones(123_456 + 32)

    space = {"table": np.ones(123_456 + 33)}
    exec("Lost = type('Lost', (), {'table': table})\ndel table", space)  # where no __name__ is, a class gets no module
    nameless = space["Lost"]
    ((odd,), (lost,)) = (sized(123_456 + 32), sized(123_456 + 33))
    assert odd.names[0].endswith("<locals>.Odd.table")
    assert "Lost.table" in lost.names
    assert (Odd.table.size, nameless.table.size) == (123_456 + 32, 123_456 + 33)


def test_variables_of_a_generator():
    """What a generator that waits holds is named by its variable, and is gone when the generator is closed."""

    def steps():
        held = np.ones(123_456 + 31)
        yield held.size

    waiting = steps()
    next(waiting)
    (found,) = sized(123_456 + 31)
    assert found.names == ("waiting local held in test_variables_of_a_generator",)
    waiting.close()
    assert sized(123_456 + 31) == []


def test_columns_of_a_data_frame():
    """A block of two columns has both names, without what pandas has between the frame and the block."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": np.ones(123_456), "b": np.zeros(123_456)})
    (found,) = sized(2 * 123_456)
    assert found.names == ("frame['a'] in test_columns_of_a_data_frame", "frame['b'] in test_columns_of_a_data_frame")
    assert len(frame) == 123_456


def test_small_view_pins_a_big_buffer():
    """A view that holds a buffer alone is marked with the bytes beyond it."""
    small = np.ones(123_456 + 4)[100:110]
    (found,) = sized(123_456 + 4)
    assert found.names == ("small in test_small_view_pins_a_big_buffer",)
    assert (found.span, found.pinned, found.n_views) == (80, 8 * (123_456 + 4) - 80, 1)
    assert small.size == 10


def test_owner_in_sight_pins_nothing():
    """While the owner has a name a view pins nothing, and both names are told."""
    owner = np.ones(123_456 + 5)
    view = owner[::2]
    (found,) = sized(123_456 + 5)
    assert (found.pinned, found.n_views) == (0, 1)
    assert {name.partition(" ")[0] for name in found.names} == {"owner", "view"}
    assert view.base is owner


def test_each_buffer_once_and_gone_when_gone():
    """A buffer is listed once however many look at it, and no more after the last went."""
    views = [np.ones((3, 123_456))]
    views += [views[0].T, views[0][1], views[0][::-1]]
    assert len(sized(3 * 123_456)) == 1
    del views
    gc.collect()
    assert sized(3 * 123_456) == []


def test_asking_keeps_nothing_alive():
    """An array bound to a local is freed when the local goes, although its frame was looked at."""
    import weakref

    array = np.ones(123_456 + 6)
    watcher = weakref.ref(array)
    assert len(sized(123_456 + 6)) == 1
    del array
    assert watcher() is None


def test_locals_of_the_program_are_untouched():
    """A dict that the program got from `locals()` keeps its items."""
    array = np.ones(123_456 + 7)
    mine = locals()
    assert len(sized(123_456 + 7)) == 1
    assert mine["array"] is array


def test_largest_first_and_total():
    """Buffers come largest first, and the total is theirs."""
    kept = [np.ones(123_456 + 40), np.ones(123_456 + 41)]
    found = arrays(smallest="100 KiB")
    sizes = [buffer.nbytes for buffer in found]
    assert sizes == sorted(sizes, reverse=True)
    assert found.nbytes == sum(sizes)
    assert str(found).startswith(f"{len(found)} array buffers")
    assert len(found) >= len(kept)


def test_structured_and_masked():
    """Arrays of every kind are found, also those in a masked array."""
    masked = np.ma.masked_array(np.zeros(123_456 + 8), np.zeros(123_456 + 8, bool))
    (found,) = sized(123_456 + 8)
    assert any(name.startswith("masked") for name in found.names)
    del masked


def test_locals_of_other_threads():
    """The locals of functions that wait in other threads have their names."""
    ready, done = threading.Event(), threading.Event()

    def waiting():
        away = np.ones(123_456 + 9)
        ready.set()
        done.wait()
        return away

    thread = threading.Thread(target=waiting)
    thread.start()
    ready.wait()
    found = sized(123_456 + 9)
    done.set()
    thread.join()
    assert [buffer.names for buffer in found] == [("away in waiting",)]


def test_what_only_c_code_holds_is_listed_while_tracking():
    """An array to which no Python object refers is listed with its bytes and the line that made it."""
    with ndmem.track():
        array = np.ones(123_456 + 10)
        lineno = sys._getframe().f_lineno - 1
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(array))  # as C code that keeps a pointer would
        address = id(array)
        del array
        (found,) = sized(123_456 + 10)
        ctypes.pythonapi.Py_DecRef(ctypes.c_void_p(address))
        assert sized(123_456 + 10) == []
    assert (found.shape, found.dtype, found.span, found.names) == (None, None, None, ())
    assert (found.site.filename, found.site.lineno) == (__file__, lineno)
    assert "holder not found from Python" in str(LiveArrays((found,)))


def test_complete_while_tracking():
    """The buffers that were made since the tracker began add up to its live bytes, whoever holds them."""
    with ndmem.track() as run:
        held = [np.ones(1000 + n) for n in range(50)] + [np.ones(70_000)[::2], np.from_dlpack(np.ones(80_000))]
        found = [buffer for buffer in arrays() if buffer.site is not None and buffer.site.filename == __file__]
        assert sum(buffer.nbytes for buffer in found) == run.live
    assert len(held) == 52


@pytest.mark.parametrize("bad", ["much", -1, None, 1.5])
def test_bad_bound(bad):
    """A bound that is not a number of bytes is rejected."""
    with pytest.raises(UnitError):
        arrays(smallest=bad)


def test_notebook_history():
    """In a notebook, an output without a name is kept by the history, and is listed once, under Out[]."""
    pytest.importorskip("IPython")
    code = (
        "from IPython.core.interactiveshell import InteractiveShell\nshell = InteractiveShell.instance()\n"
        "for cell in ('import numpy as np', 'np.ones(1_000_000)', 'b = np.ones(500_000); b',"
        " 'from ndmem import arrays; found = arrays(smallest=10**6)'):\n"
        "    shell.run_cell(cell, store_history=True)\n"
        "for buffer in shell.user_ns['found']:\n    print('>', buffer.nbytes, buffer.history, *sorted(buffer.names))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith(">")]
    assert lines == ["> 8000000 True Out[2] __", "> 4000000 False Out[3] _ b"]


def test_arrays_of_ndmem_are_left_out():
    """The columns of a run that was reported are not listed."""
    with ndmem.track() as run:
        several = [np.ones(600) for _ in range(200)]
    before = len(arrays())
    run.report(io.StringIO(), form="json")
    assert len(arrays()) == before
    assert len(several) == 200
    assert not [name for buffer in arrays() for name in buffer.names if name.startswith(("run.", "ndmem."))]


def test_an_array_that_ndmem_and_the_program_hold_is_listed():
    """A column of a run that a variable holds too is the program's."""
    with ndmem.track() as run:
        [np.ones(600) for _ in range(200)]
    run.report(io.StringIO(), form="json")
    mine = run.trace.events.nbytes
    assert "mine in test_an_array_that_ndmem_and_the_program_hold_is_listed" in {
        name for buffer in arrays() if buffer.nbytes == mine.nbytes for name in buffer.names
    }

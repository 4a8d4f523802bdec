"""`register`: rules for types that the walk cannot look into."""

import ctypes
import importlib.metadata
import importlib.util
import subprocess
import sys
import weakref

import numpy as np
import pytest

from ndmem.errors import WeighError
from ndmem.weighing import Child, Holding, Region, register, weigh


class Opaque:
    """Holds memory that the walk cannot see."""

    __slots__ = ("hidden", "nbytes")

    def __init__(self, nbytes=0, hidden=None):
        self.nbytes, self.hidden = nbytes, hidden


class Deeper(Opaque):
    """A subclass."""


class Failing(Opaque):
    """Its rule fails."""


class Named(Opaque):
    """Its children have names of their own."""


NAME = f"{__name__}.Opaque"


@pytest.fixture(autouse=True)
def _registry(monkeypatch):
    """Give each test a registry of its own."""
    monkeypatch.setattr("ndmem.weighing.registry._rules", {})
    monkeypatch.setattr("ndmem.weighing.registry._children", {})
    monkeypatch.setattr("ndmem.weighing.registry._known", weakref.WeakKeyDictionary())


@pytest.mark.parametrize("kind", [Opaque, f"{Opaque.__module__}.Opaque"])
@pytest.mark.parametrize("made", [Opaque, Deeper])
def test_by_type_and_by_name(kind, made):
    """A rule counts its bytes for the type and its subclasses, whether given as type or as name."""
    held = made(12_345)  # one instance: from 3.13 on the first ones of a class have more room for attributes
    before = weigh(held).reachable
    register(kind, lambda held: held.nbytes)
    after = weigh(held)
    assert after.reachable - before == 12_345
    assert after.owned >= 12_345


def test_shared_region_once():
    """Regions that overlap are one buffer, shared by those that describe it."""
    register(Opaque, lambda held: Holding(regions=(Region(10**6, held.nbytes),)))
    weight = weigh({"a": Opaque(1000), "b": Opaque(3000)})
    assert weight.numbers.buffers_nbytes == 3000
    assert weight.logical == 4000
    assert set(weight.buffers[0].parts) == {"['a']", "['b']"}


def test_hidden_objects():
    """Objects that a rule tells of are walked, and owned if the rule's reference is their last."""
    array = np.ones(1000)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(array))  # the reference that C code would have
    address = id(array)
    register(Opaque, lambda held: Holding(objects=(ctypes.cast(address, ctypes.py_object).value,)))
    held_here_too = weigh(Opaque())
    assert held_here_too.numbers.buffers_nbytes == 8000
    assert held_here_too.owned < 1000
    del array
    assert weigh(Opaque()).owned > 8000
    ctypes.pythonapi.Py_DecRef(ctypes.cast(address, ctypes.py_object))


def test_note():
    """The weight has the note of a rule once."""
    register(Opaque, lambda held: Holding(note="half of it is elsewhere"))
    assert weigh([Opaque(), Opaque()]).notes == ("half of it is elsewhere",)


@pytest.mark.parametrize("answer", [-1, None, "text", Holding(nbytes=-5), Holding(regions=(Region(-1, 5),)), 1 / 3 * 0])
def test_bad_answers(answer):
    """A rule that raises, or answers with no bytes, leaves a note and the rest of the weight as it was."""
    if answer == 0:

        def rule(held):
            raise RuntimeError("broken")

    else:

        def rule(held):
            return answer

    plain = weigh([Opaque(), np.ones(100)]).reachable
    register(Opaque, rule)
    weight = weigh([Opaque(), np.ones(100)])
    assert weight.reachable == plain
    assert len(weight.notes) == 1
    assert "Opaque" in weight.notes[0]


def test_children():
    """Children have the labels that were registered; if that fails, attributes are shown."""
    register(Named, lambda held: 0, children=lambda held: [Child(".left", held.hidden)])
    assert [part.label for part in weigh(Named(hidden=np.ones(3))).parts] == [".left"]
    register(Named, lambda held: 0, children=lambda held: 1 / 0)
    assert ".hidden" in [part.label for part in weigh(Named(hidden=np.ones(3))).parts]


@pytest.mark.parametrize("bad", [3, "name", "", None, ".", np.float64])
def test_bad_registration(bad):
    """What is neither a type nor a full name, or no function, is refused."""
    with pytest.raises(WeighError):
        register(bad, "no function" if bad is np.float64 else len)


def test_libraries_are_not_imported():
    """Weighing imports neither pandas nor any other library it has an adapter for."""
    code = (
        "import sys, numpy as np\nfrom ndmem.weighing import weigh\nweigh([np.ones(3), {'a': object()}], np.float64(1))\n"  # noqa: E501 (one program)
        "print([m for m in ('pandas', 'xarray', 'scipy', 'pyarrow', 'dask', 'zarr', 'h5py', 'psutil', 'rich', 'click')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def needs(library):
    """Skip without a library."""
    return pytest.mark.skipif(importlib.util.find_spec(library) is None, reason=f"needs {library}")


@needs("dask")
def test_dask_weighs_with_ours():
    """Once registered, dask's sizeof answers with what `weigh` reaches, in lists without sampling."""
    code = (
        "import numpy as np, dask.sizeof as d\nfrom ndmem.weighing import weigh\n"
        "from ndmem.weighing.adapters.dask import register_sizeof\nregister_sizeof(d.sizeof)\n"
        "x = [np.ones(10**6)] + [np.ones(3) for _ in range(99)]\n"
        "v = np.ones(10**6)[:10]\n"
        "for o in (x, v, {'a': v, 'b': v}, 5, (v,), 'text'):\n"
        "    assert d.sizeof(o) == weigh(o).reachable, o\n"
        "import pandas as pd\nf = pd.DataFrame(np.ones((1000, 3)))\nassert d.sizeof(f) == weigh(f).reachable\n"
        "print('same')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "same", done.stderr


def test_installing_registers_nothing_with_dask():
    """The installed package has no entry point that other packages call, but pytest's and the command."""
    groups = {entry.group for entry in importlib.metadata.distribution("ndmem").entry_points}
    assert groups == {"console_scripts", "pytest11"}


@needs("dask")
def test_dask_keeps_its_own_sizeof():
    """Where ndmem is installed and imported, every function that dask's sizeof knows is dask's own."""
    code = (
        "import ndmem, dask.sizeof as d, numpy as np\nndmem.weigh([1])\nd.sizeof([{}, np.ones(3)])\n"
        "print({f.__module__ for f in d.sizeof._lookup.values()} - {'dask.sizeof', 'sys', 'builtins'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "set()", done.stderr


@needs("dask")
def test_lazy_dask_array():
    """A dask array weighs its graph, says what it would be, and computes and caches nothing."""
    import dask.array as da

    lazy = da.ones((100_000, 100_000), chunks=1000)
    held = set(dir(lazy)), dict(getattr(lazy, "__dict__", {}))
    weight = weigh(lazy)
    assert weight.reachable < 10**6
    assert any("74.5 GiB when computed" in note for note in weight.notes)
    assert (set(dir(lazy)), dict(getattr(lazy, "__dict__", {}))) == held


@needs("xarray")
@needs("scipy")
def test_lazy_xarray(tmp_path, monkeypatch):
    """A variable in a file is not loaded by weighing, and the weight says what it would be."""
    # What xarray imports sets it, once, where threadpoolctl is installed.
    monkeypatch.setenv("KMP_DUPLICATE_LIB_OK", "True")
    import xarray as xr

    path = tmp_path / "x.nc"
    xr.Dataset({"a": ("t", np.ones(1000))}).to_netcdf(path, engine="scipy")
    with xr.open_dataset(path, engine="scipy") as dataset:
        weight = weigh(dataset)
        assert not dataset["a"].variable._in_memory
        assert any("7.81 KiB when loaded" in note for note in weight.notes)
        assert weight.numbers.buffers_nbytes < 8000


@needs("pandas")
def test_columns_of_a_block():
    """Columns that lie in one block are shares of it: their bytes add up, and none is owned alone."""
    import pandas as pd

    frame = pd.DataFrame(np.ones((1000, 2)), columns=["a", "b"])  # one block, as NumPy's array is
    parts = {part.label: part.numbers for part in weigh(frame).parts}
    assert parts["['a']"].logical == parts["['b']"].logical == 8000
    assert parts["['a']"].reachable >= 16_000
    assert parts["['a']"].owned == parts["['b']"].owned == 0


@needs("zarr")
def test_zarr_array(tmp_path):
    """A zarr array weighs what its objects weigh, and says what it would be when it is read."""
    import zarr

    array = zarr.open(str(tmp_path / "z"), mode="w", shape=(1000, 1000), chunks=(100, 100), dtype="f8")
    weight = weigh(array)
    assert weight.numbers.buffers_nbytes < 10_000
    assert any("7.63 MiB when read" in note for note in weight.notes)


@needs("pyarrow")
def test_arrow_file_that_is_mapped(tmp_path):
    """Columns that lie in a mapped file are mapped, not reachable memory; the same columns in memory are reachable."""
    import pyarrow as pa

    table = pa.table({"a": range(100_000)})
    with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    read = pa.ipc.open_file(pa.memory_map(str(tmp_path / "a.arrow"))).read_all()
    weight = weigh(read)
    assert 800_000 <= weight.mapped <= (tmp_path / "a.arrow").stat().st_size
    assert weight.numbers.buffers_nbytes == 0
    assert weigh(table).mapped == 0
    assert weigh(table).numbers.buffers_nbytes >= 800_000


@needs("pyarrow")
def test_arrow_metadata():
    """The metadata of a schema and of its fields weigh as many bytes as their keys and values have."""
    import pyarrow as pa

    column = pa.array([1, 2, 3])
    bare = pa.table([column], pa.schema([pa.field("a", pa.int64())]))
    field = pa.field("a", pa.int64(), metadata={"unit": "m" * 100})
    noted = pa.table([column], pa.schema([field], metadata={"k": "v"}))
    assert weigh(noted).reachable - weigh(bare).reachable == len("unit") + 100 + len("kv")

# ruff: noqa: E501 (a program is one text)
"""Objects whose weight is known: programs that bind ``x``, and names in ``also`` that hold parts of it.

What is freed by ``del x`` is the truth of `owned`; by deleting the names in `also` too, of `reachable`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """A program, what it needs, and by what its memory is read: traced blocks and Arrow's pool, or address space."""

    program: str
    also: tuple[str, ...] = ()
    needs: str = "numpy"
    meter: str = "traced"


N = 100_000
HEAD = "import numpy as np\nN = 100_000\n"

VIEWS = {
    "owner": Case("x = np.ones(N)"),
    "empty array": Case("x = np.empty((0, 3))"),
    "zero-dimensional": Case("x = np.array(3.5)"),
    "view whose base is gone": Case("x = np.ones(N)[:10]"),
    "view whose base is held": Case("a = np.ones(N); x = a[:10]", ("a",)),
    "strided": Case("x = np.ones(N)[::7]"),
    "negative strides": Case("x = np.ones((300, 300))[::-1, ::-2]"),
    "transposed reshape": Case("x = np.ones(N).reshape(100, -1).T"),
    "array and its views": Case("a = np.ones(N); x = [a, a[::2], a.T]; del a"),
    "overlapping slices": Case("a = np.ones(N); x = (a[:60_000], a[40_000:]); del a"),
    "overlapping slices, base held": Case("a = np.ones(N); x = (a[:60_000], a[40_000:])", ("a",)),
    "sliding windows": Case("x = np.lib.stride_tricks.sliding_window_view(np.ones(N), 5)"),
    "as_strided": Case("x = np.lib.stride_tricks.as_strided(np.ones(N), (10, 10), (8, 80))"),
    "as_strided, base held": Case("a = np.ones(N); x = np.lib.stride_tricks.as_strided(a, (10, 10), (8, 80))", ("a",)),
    "broadcast scalar": Case("x = np.broadcast_to(np.float64(1), (1000, 1000))"),
    "broadcast object": Case("x = np.broadcast(np.ones(N), np.ones((2, 1)))"),
    "nditer": Case("x = np.nditer([np.ones(N), np.ones(N)])"),
    "broadcast row": Case("x = np.broadcast_to(np.ones(N), (1000, N))"),
    "same array twice": Case("a = np.ones(N); x = {'a': a, 'b': a}; del a"),
    "one big among many small": Case("x = [np.ones(3) for _ in range(99)] + [np.ones(N)]"),
}

DTYPES = {
    "structured": Case("x = np.zeros(N, 'f8,i4')"),
    "field of structured": Case("x = np.zeros(N, 'f8,i4')['f1']"),
    "record array": Case("x = np.rec.array([np.ones(N), np.ones(N)])"),
    "structured scalar pins its array": Case("x = np.zeros(N, 'f8,i4')[3]"),
    "structured scalar by itself": Case("x = np.zeros(3, 'f8,i4,V200000')[1].copy()"),
    "void scalars": Case("x = [np.void(bytes(20_000 + i)) for i in range(100)]"),
    "bytes scalars": Case("x = [np.bytes_(bytes([i % 9 + 65]) * (1000 + i)) for i in range(1000)]"),
    "text scalars": Case("x = [np.str_('a' * (10_000 + i)) for i in range(100)]"),
    "objects": Case("x = np.array([float(i) for i in range(N)], dtype=object)"),
    "one object many times": Case("t = 'a' * 50_000; x = np.array([t] * N, dtype=object); del t"),
    "arrays in an object array": Case("x = np.empty(3, object)\nfor i in range(3):\n    x[i] = np.ones(N)\ndel i"),
    "view of an object array": Case("x = np.array([float(i) for i in range(N)], dtype=object)[::2]"),
    "objects in a structure": Case(
        "x = np.zeros(1000, [('a', 'f8'), ('b', object, 2)])\nfor i in range(1000):\n"
        "    x['b'][i] = [bytes(100 + i), bytes(200 + i)]\ndel i"
    ),
    "object array in Fortran order": Case("x = np.array([[float(i), 'x%d' % i] for i in range(N)], object, order='F')"),
    "fixed-width text": Case("x = np.array(['a' * 20] * N)"),
    "masked": Case("x = np.ma.masked_array(np.ones(N), np.zeros(N, bool))"),
    "matrix": Case("import warnings; warnings.simplefilter('ignore'); x = np.matrix(np.ones((300, 300)))"),
    "subclass with attributes": Case(
        "class Named(np.ndarray): pass\nx = np.ones(N).view(Named); x.more = np.ones(N); x.name = 'n' * 10_000"
    ),
    "text of any length": Case(
        "x = np.array(['x' * (20 + i % 50) for i in range(N)], dtype=np.dtypes.StringDType())",
        needs="numpy>=2",
    ),
    "short text of any length": Case("x = np.array(['abc'] * N, dtype=np.dtypes.StringDType())", needs="numpy>=2"),
    "slice of text of any length": Case(
        "x = np.array(['x' * (20 + i % 50) for i in range(N)], dtype=np.dtypes.StringDType())[:5]",
        needs="numpy>=2",
    ),
}

FOREIGN = {
    "frombuffer of bytes": Case("x = np.frombuffer(bytes(8 * N))"),
    "frombuffer of bytes that are held": Case("b = bytes(8 * N); x = np.frombuffer(b)", ("b",)),
    "frombuffer of a bytearray": Case("x = np.frombuffer(bytearray(8 * N))[10:20]"),
    "array.array": Case("import array; x = np.frombuffer(array.array('d', bytes(8 * N)))"),
    "ctypes array": Case("import ctypes; x = np.ctypeslib.as_array((ctypes.c_double * N)())"),
    "ctypes array by itself": Case("import ctypes; x = (ctypes.c_double * N)()"),
    "memoryview of an array": Case("x = memoryview(np.ones(N))[::2]"),
    "BytesIO": Case("import io; x = io.BytesIO(); x.write(bytes(8 * N))"),
    "frombuffer of a BytesIO": Case("import io; x = np.frombuffer(io.BytesIO(bytes(8 * N)).getbuffer())"),
    "memoryview of bytes": Case("x = memoryview(bytes(8 * N))[5:]"),
    "DLPack import": Case("x = np.from_dlpack(np.ones(N))"),
    "DLPack import beside its array": Case("a = np.ones(N); x = [a, np.from_dlpack(a)]; del a"),
    "anonymous mmap": Case("import mmap; x = np.frombuffer(mmap.mmap(-1, 50_000_000))", meter="space"),
    "memmap": Case(
        "import tempfile; f = tempfile.NamedTemporaryFile(); f.truncate(50_000_000)\nx = np.memmap(f.name, mode='r+')",
        meter="space",
    ),
    "slice of a memmap": Case(
        "import tempfile; f = tempfile.NamedTemporaryFile(); f.truncate(50_000_000)\n"
        "x = np.memmap(f.name, mode='r')[10:20]",
        meter="space",
    ),
    "shared memory": Case(
        "from multiprocessing.shared_memory import SharedMemory\nm = SharedMemory(create=True, size=50_000_000)\n"
        "m.unlink(); x = m; del m",
        meter="space",
    ),
}

PYTHON = {
    "dict of arrays": Case("x = {f'k{i}': np.ones(1000) for i in range(100)}"),
    "dict with one array held": Case("x = {i: np.ones(1000 + i) for i in range(100)}; a = x[7]", ("a",)),
    "nested": Case("x = {i: ([float(j) for j in range(100)], {'a': np.ones(10)}) for i in range(300)}"),
    "set and deque": Case(
        "from collections import deque; x = deque([{f'a{i}' * 9, f'b{i}' * 9} for i in range(5000)])"
    ),
    "dataclass": Case(
        "from dataclasses import dataclass\n@dataclass\nclass D:\n    a: object\n    b: object\n"
        "x = D(np.ones(N), np.ones(N)[:5])"
    ),
    "many instances": Case(
        "class P:\n    def __init__(self, i):\n        self.a = float(i)\n        self.b = float(i + 1)\n"
        "x = [P(i) for i in range(20_000)]"
    ),
    "slots": Case("class S:\n    __slots__ = ('a', 'b')\nx = S(); x.a = np.ones(N)"),
    "named tuple": Case("from collections import namedtuple; x = namedtuple('T', 'a b')(np.ones(N), 'b' * N)"),
    "attrs": Case("import attr\n@attr.define\nclass A:\n    a: object\nx = A(np.ones(N))", needs="attr"),
    "closure": Case("def outer():\n    a = np.ones(N)\n    return lambda: a\nx = outer()"),
    "partial": Case("import functools; x = functools.partial(np.add, np.ones(N))"),
    "bound method": Case("class M:\n    def f(self): pass\nm = M(); m.a = np.ones(N); x = m.f; del m"),
    "generator": Case("def gen():\n    a = np.ones(N)\n    yield a[:1]\nx = gen(); next(x)"),
    "thread-local": Case("import threading; x = threading.local(); x.a = np.ones(N)"),
    "exception with traceback": Case(
        "def fail():\n    a = np.ones(N)\n    raise ValueError('no')\n"
        "x = None\ntry:\n    fail()\nexcept ValueError as e:\n    x = e"
    ),
    "weak reference": Case("import weakref\nclass W: pass\nw = W(); w.a = np.ones(N); x = weakref.ref(w)", ()),
    "cycle": Case("x = {'a': np.ones(N)}; x['me'] = x"),
    "cycle with an outside holder": Case("x = [np.ones(N)]; y = [x, np.ones(N)]; x.append(y)", ("y",)),
    "parent pointers": Case(
        "class T: pass\nx = T(); x.kids = []\nfor i in range(50):\n    k = T(); k.up = x; k.a = np.ones(1000)\n"
        "    x.kids.append(k)\ndel k, i"
    ),
    "lru_cache": Case(
        "import functools\n@functools.lru_cache\ndef f(n):\n    return np.ones(n)\nf(N); f(2 * N); x = f; del f"
    ),
}

LIBRARIES = {
    "frame of one block": Case("import pandas as pd; x = pd.DataFrame(np.ones((N, 5)))", needs="pandas"),
    "frame of several blocks": Case(
        "import pandas as pd; x = pd.DataFrame({'a': np.ones(N), 'b': np.arange(N), 'c': np.ones(N, bool)})",
        needs="pandas",
    ),
    "column that pins its block": Case(
        "import pandas as pd; x = pd.DataFrame(np.ones((N, 5))).iloc[:, 2]", needs="pandas"
    ),
    "object texts, shared": Case(
        "import pandas as pd; t = ['a' * 1000 + str(i) for i in range(1000)]\n"
        "x = pd.Series([t[i % 1000] for i in range(N)], dtype=object); del t",
        needs="pandas",
    ),
    "categories": Case(
        "import pandas as pd; x = pd.Categorical.from_codes(np.arange(N) % 100, ['c' * 5000 + str(i) for i in range(100)])",
        needs="pandas",
    ),
    "index engine": Case(
        "import pandas as pd; x = pd.Series(np.ones(N), index=np.random.default_rng(0).permutation(N)); x.get(5)",
        needs="pandas",
    ),
    "sparse matrix": Case("import scipy.sparse as sp; x = sp.random(1000, 1000, 0.1, format='csr')", needs="scipy"),
    "sparse array by coordinates": Case(
        "import scipy.sparse as sp; x = sp.coo_array(sp.random(1000, 1000, 0.1))", needs="scipy"
    ),
    "dataset with shared variables": Case(
        "import xarray as xr; a = np.ones(N); x = xr.Dataset({'a': ('t', a), 'b': ('t', a)}); del a",
        needs="xarray",
    ),
    "slice of a data array": Case("import xarray as xr; x = xr.DataArray(np.ones(N))[:10]", needs="xarray"),
    "arrow array": Case("import pyarrow as pa; x = pa.array(range(N))", needs="pyarrow"),
    "arrow slices of one array": Case(
        "import pyarrow as pa; a = pa.array(range(N)); x = [a, a[10:], a[20:30]]; del a", needs="pyarrow"
    ),
    "arrow table": Case(
        "import pyarrow as pa; x = pa.table({'a': list(range(N)), 's': ['t%d' % i for i in range(N)]})",
        needs="pyarrow",
    ),
    "arrow around a NumPy array": Case("import pyarrow as pa; x = pa.array(np.ones(N))", needs="pyarrow"),
    "dask array of a NumPy array": Case(
        "import dask.array as da; x = da.from_array(np.ones(N), chunks=-1)", needs="dask"
    ),
}

CASES = VIEWS | DTYPES | FOREIGN | PYTHON | LIBRARIES

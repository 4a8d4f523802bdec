# ruff: noqa: E501 (a program is one text)
"""Objects of libraries whose memory is in C or C++, in the form of `cases`.

Their truth is read from malloc (`mallinfo2`) with PYTHONMALLOC=malloc, or from RSS where the library has an allocator of
its own. Each must be right within 2 %, or have a note and bounds that the truth lies in.
"""

from cases import Case

M = "N = 2_000_000\n"


def _of(needs: str, programs: dict[str, str | tuple[str, tuple[str, ...]]], meter: str = "heap") -> dict[str, Case]:
    found = {}
    for name, program in programs.items():
        text, also = (program, ()) if isinstance(program, str) else program
        found[f"{needs}: {name}"] = Case(f"{M}import {needs}\n{text}", also, needs=needs, meter=meter)
    return found


TORCH = _of(
    "torch",
    {
        "tensor": "x = torch.ones(N)",
        "half precision": "x = torch.ones(N, dtype=torch.float16)",
        "view whose base is gone": "x = torch.ones(N)[10:20]",
        "tensor and its views": "t = torch.ones(N); x = [t, t[::2], t.reshape(2, -1).T]; del t",
        "view whose base is held": ("t = torch.ones(N); x = t[10:20]", ("t",)),
        "detached from a held tensor": ("t = torch.ones(N); x = t.detach()", ("t",)),
        "expanded scalar": "x = torch.ones(1).expand(N)",
        "from NumPy": "x = torch.from_numpy(np.ones(N))",
        "from NumPy, array held": ("a = np.ones(N); x = torch.from_numpy(a)", ("a",)),
        "from NumPy, with its array": "a = np.ones(N); x = [a, torch.from_numpy(a)]; del a",
        "to NumPy": "x = torch.ones(N).numpy()",
        "to NumPy, tensor held": ("t = torch.ones(N); x = t.numpy()", ("t",)),
        "to NumPy, with its tensor": "t = torch.ones(N); x = [t.numpy(), t]; del t",
        "to NumPy, another tensor of the storage held": ("t = torch.ones(N); s = t[5:]; x = t.numpy(); del t", ("s",)),
        "to NumPy through DLPack": "x = np.from_dlpack(torch.ones(N))",
        "storage": "x = torch.ones(N).untyped_storage()",
        "storage of a held tensor": ("t = torch.ones(N); x = t.untyped_storage()", ("t",)),
        "layer": "x = torch.nn.Linear(1000, 1000)",
        "network": "x = torch.nn.Sequential(torch.nn.Linear(500, 1000), torch.nn.ReLU(), torch.nn.Linear(1000, 500))",
        "layer with gradients": "x = torch.nn.Linear(1000, 1000); x(torch.ones(1, 1000)).sum().backward()",
        "gradient held elsewhere": (
            "x = torch.nn.Linear(1000, 1000); x(torch.ones(1, 1000)).sum().backward(); g = x.weight.grad",
            ("g",),
        ),
        "optimizer with its layer": "m = torch.nn.Linear(1000, 1000); o = torch.optim.Adam(m.parameters()); m(torch.ones(1, 1000)).sum().backward(); o.step(); x = [m, o]; del m, o",
        "optimizer whose layer is held": (
            "m = torch.nn.Linear(1000, 1000); x = torch.optim.Adam(m.parameters()); m(torch.ones(1, 1000)).sum().backward(); x.step()",
            ("m",),
        ),
        "state of a held layer": ("m = torch.nn.Linear(1000, 1000); x = m.state_dict()", ("m",)),
        "sparse by coordinates": "x = torch.ones(500, 1000).to_sparse()",
        "sparse by rows": "import warnings; warnings.simplefilter('ignore'); x = torch.ones(500, 1000).to_sparse_csr()",
        "result in an autograd graph": "w = torch.ones(N, requires_grad=True); x = (w * 2) * (w * 3); del w",
        "data set": "x = torch.utils.data.TensorDataset(torch.ones(1000, 1000), torch.ones(1000))",
    },
)

JAX = _of(
    "jax",
    {
        "array": "x = jax.numpy.ones(N).block_until_ready()",
        "tree of arrays": "x = {'w': jax.numpy.ones((1000, 1000)).block_until_ready(), 'b': [jax.numpy.ones(1000)]}",
        "seen by NumPy": "a = jax.numpy.ones(N).block_until_ready(); x = np.asarray(a); del a",
        "with its NumPy view": "x = jax.numpy.ones(N).block_until_ready(); np.asarray(x)",
        "copied from NumPy": "x = jax.numpy.array(np.ones(N, 'f4')).block_until_ready()",
    },
)

# polars has an allocator of its own, but keeps the memory of a NumPy array that a series is created from.
POLARS = _of(
    "polars",
    {
        "series": "x = polars.Series(range(N))",
        "texts": "x = polars.Series([f'the text number {i}' for i in range(500_000)])",
        "frame": "x = polars.DataFrame({'a': np.arange(N), 'b': np.ones(N)})",
        "slice of a longer one": "x = polars.Series(range(N)).slice(5, 10)",
        "to NumPy": "x = polars.Series(range(N)).to_numpy()",
        "lazy": "x = polars.DataFrame({'a': range(N)}).lazy()",
    },
    meter="resident",
)

AWKWARD = _of(
    "awkward",
    {
        "jagged": "x = awkward.unflatten(np.ones(N), np.full(N // 4, 4))",
        "records": "x = awkward.zip({'a': np.ones(N), 'b': np.arange(N)})",
        "builder": "x = awkward.ArrayBuilder()\nfor i in range(200_000): x.real(i)",
    },
)

PILLOW = _of(
    "PIL.Image",
    {
        "colours": "x = PIL.Image.new('RGB', (2000, 1000))",
        "grey": "x = PIL.Image.new('L', (2001, 1000))",
        "palette": "x = PIL.Image.new('P', (2000, 1000))",
        "numbers": "x = PIL.Image.new('F', (2000, 1000))",
        "of an array that is held": ("a = np.zeros((2000, 1000), 'u1'); x = PIL.Image.fromarray(a)", ("a",)),
        "file that is not loaded": "import io; f = io.BytesIO(); PIL.Image.new('L', (2000, 1000)).save(f, 'png'); x = PIL.Image.open(f); del f",
    },
)

SHAPELY = _of(
    "shapely",
    {
        "line": "x = shapely.linestrings(np.random.rand(500_000, 2))",
        "polygons": "x = list(shapely.buffer(shapely.points(np.random.rand(500, 2)), 1, quad_segs=50))",
        "points": "x = shapely.points(np.random.rand(20_000, 2))",
        "tree of points": "x = shapely.STRtree(shapely.points(np.random.rand(20_000, 2))); x.query(shapely.Point(0, 0))",
    },
)

SKLEARN = _of(
    "sklearn",
    {
        "decision tree": "import sklearn.tree; X = np.random.rand(20_000, 4); x = sklearn.tree.DecisionTreeRegressor().fit(X, X.sum(1)); del X",
        "tree of classes": "import sklearn.tree; X = np.random.rand(20_000, 4); x = sklearn.tree.DecisionTreeClassifier(max_features=1).fit(X, np.arange(20_000) % 5); del X",
        "forest": "import sklearn.ensemble; X = np.random.rand(5_000, 4); x = sklearn.ensemble.RandomForestRegressor(8).fit(X, X.sum(1)); del X",
        "boosted trees": "import sklearn.ensemble; X = np.random.rand(2_000, 4); x = sklearn.ensemble.HistGradientBoostingRegressor(max_iter=20, max_leaf_nodes=None, min_samples_leaf=1).fit(X, X.sum(1)); del X",
        "KDTree": "import sklearn.neighbors; x = sklearn.neighbors.KDTree(np.random.rand(100_000, 3))",
        "BallTree": "import sklearn.neighbors; x = sklearn.neighbors.BallTree(np.random.rand(100_000, 3))",
        "neighbours": "import sklearn.neighbors; x = sklearn.neighbors.NearestNeighbors(algorithm='kd_tree').fit(np.random.rand(100_000, 3))",
    },
)

SCIPY = _of(
    "scipy",
    {
        "cKDTree": "import scipy.spatial; x = scipy.spatial.cKDTree(np.random.rand(100_000, 3))",
        "KDTree of held points": (
            "import scipy.spatial; a = np.random.rand(100_000, 3); x = scipy.spatial.KDTree(a)",
            ("a",),
        ),
        "factors": "import scipy.sparse as sp, scipy.sparse.linalg as sl; x = sl.splu((sp.random(1000, 1000, 0.01, random_state=1) + sp.eye(1000)).tocsc())",
    },
)

H5PY = _of(
    "h5py",
    {
        "file in memory": "x = h5py.File('in-memory', driver='core', backing_store=False, mode='w'); x['d'] = np.ones(N)",
        "file on disk": "import tempfile; t = tempfile.NamedTemporaryFile(); x = h5py.File(t.name, 'w'); x['d'] = np.ones(N)",
    },
)

NUMBA = _of(
    "numba",
    {
        "array of compiled code": "@numba.njit\ndef f(n):\n    return np.ones(n)\nx = f(N)",
        "array of compiled code, view held": (
            "@numba.njit\ndef f(n):\n    return np.ones(n)\na = f(N); x = a[5:]",
            ("a",),
        ),
        "typed list": "from numba.typed import List; x = List([float(i) for i in range(200_000)])",
        "typed dict": "from numba.typed import Dict; x = Dict.empty(numba.int64, numba.float64)\nfor i in range(20_000): x[i] = 1.0",
        "typed list of arrays": "from numba.typed import List; x = List([np.ones(1000) for i in range(100)])",
    },
)

STANDARD = _of(
    "zlib",
    {
        "compressor": "x = zlib.compressobj()",
        "decompressor": "x = zlib.decompressobj(); x.decompress(zlib.compress(bytes(100_000))[:50])",
        "many compressors": "x = [zlib.compressobj() for i in range(20)]",
        "of bz2": "import bz2; x = bz2.BZ2Compressor()",
        "of lzma": "import lzma; x = lzma.LZMACompressor(preset=0)",
        "connection": "import sqlite3; x = sqlite3.connect(':memory:'); x.execute('create table t (a)'); x.executemany('insert into t values (?)', [('x' * 100,)] * 10_000)",
        "parser": "import xml.parsers.expat as e; x = e.ParserCreate(); x.Parse('<a>' + '<b>' * 1000)",
        "archive of arrays": "import io; f = io.BytesIO(); np.savez(f, a=np.ones(1000), b=np.ones(1000)); f.seek(0); x = np.load(f); del f",
    },
)

ARROW = _of(
    "pyarrow",
    {
        "around a NumPy array that is held": ("a = np.ones(N); x = pyarrow.array(a)", ("a",)),
        "around a NumPy array, with it": "a = np.ones(N); x = [a, pyarrow.array(a)]; del a",
    },
)

LIBRARY_CASES = TORCH | JAX | POLARS | AWKWARD | PILLOW | SHAPELY | SKLEARN | SCIPY | H5PY | NUMBA | STANDARD | ARROW

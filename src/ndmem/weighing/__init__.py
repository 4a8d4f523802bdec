"""How heavy an object is: owned, reachable, logical and resident bytes.

`weigh` walks (`walk`, in C: `_walk`), settles views to buffers (`buffers`), finds what would be freed (`ownership`)
and names the children (`parts`, `naming`); `mirror` sees types as CPython does; `registry` and `adapters/` know other
libraries' types (`arrow`, `builtin`, `ctypes`, `dask`, `hdf5`, `lazy`, `numpy`, `pandas`, `scipy_sparse`, `xarray`,
`zarr`). `live` lists the arrays of the process by the `paths` that lead to them from its `scopes`, with what the
tracker knows (`tracked`); `owned` finds the buffers of NumPy's own allocator, `extents` where live arrays lie.
`stored/` reads headers of files (`npy`, `npz`, `parquet`, `stored`). Its core in `native/` keeps a graph: `graph.h`,
`explore`, `fold` (what needs no node), `frames`, `arrays`, `strings`, `types`, `table`, `measure`, `queries`,
`module` (its Python face); `words` and `attributes` name what is shown.
"""

from .registry import Child, Holding, Region, register
from .weigh import weigh

__all__ = ["Child", "Holding", "Region", "register", "weigh"]

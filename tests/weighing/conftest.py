"""Libraries that weighing looks into, imported before any test: some change the interpreter for good."""

import contextlib
import importlib

# toolz, which dask needs, puts an import hook into sys.meta_path and never takes it out.
for _name in ("pandas", "xarray", "scipy.sparse", "pyarrow", "dask.array", "zarr", "h5py"):
    with contextlib.suppress(ImportError):
        importlib.import_module(_name)

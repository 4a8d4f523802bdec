"""dask: a lazy collection weighs what its graph holds now; nothing is computed. And dask's own `sizeof`."""

from __future__ import annotations

from typing import Any, Final

from ndmem.weighing.registry import Holding, Leave, Rule

from .lazy import lazy_note


def hold_array(array: Any) -> Holding:
    """Say what the array would be; its graph is walked like any object."""
    # From the chunks: `shape` and `nbytes` would be cached on the array.
    shape = [sum(axis) for axis in array.chunks]
    return Holding(note=lazy_note("dask array", shape, array.dtype, "computed"), logical=0)


def hold_frame(frame: Any) -> Holding:
    """Say that the size of a frame is not known before it is computed."""
    return Holding(note="dask dataframe is not in memory: its size is not known before it is computed", logical=0)


def register_sizeof(sizeof: Any) -> None:
    """Let `dask.sizeof.sizeof` answer with what `ndmem.weigh` reaches: dask's entry point of that name.

    Parameters
    ----------
    sizeof : dask.utils.Dispatch
        dask's dispatcher.

    Notes
    -----
    Its own answers for NumPy, pandas, Arrow, SciPy and xarray are replaced, and so is its sampling of ten
    items
    of a long list. Mapped files are not counted: they need no memory of the worker's limit.
    """
    from ndmem.weighing.weigh import weigh  # noqa: PLC0415 (optional, or only where it is used)

    def weighed(thing: object) -> int:
        return weigh(thing, depth=0, resident=False).reachable

    for kind in (object, list, tuple, set, frozenset, dict, bytes, bytearray, memoryview):
        sizeof.register(kind, weighed)

    def for_library(kinds: tuple[tuple[str, str], ...]) -> Any:
        def register() -> None:
            import importlib  # noqa: PLC0415 (optional, or only where it is used)

            for module, name in kinds:
                sizeof.register(getattr(importlib.import_module(module), name), weighed)

        return register

    for library, kinds in _OTHERS.items():
        sizeof.register_lazy(library, for_library(kinds))


_OTHERS: Final = {
    "numpy": (("numpy", "ndarray"),),
    "pandas": (("pandas", "DataFrame"), ("pandas", "Series"), ("pandas", "Index"), ("pandas", "MultiIndex")),
    "scipy": (("scipy.sparse", "spmatrix"), ("scipy.sparse", "sparray")),
    "pyarrow": (("pyarrow", "Table"), ("pyarrow", "ChunkedArray"), ("pyarrow", "Array")),
    "xarray": (("xarray", "Dataset"), ("xarray", "DataArray"), ("xarray", "Variable")),
}

RULES: Final[dict[str, Rule | Leave]] = {
    "dask.array.core.Array": hold_array,
    "dask.dataframe.dask_expr._collection.FrameBase": hold_frame,
    "dask.dataframe.core._Frame": hold_frame,
}

"""dask: a lazy collection weighs what its graph holds now; nothing is computed. And an exact `sizeof` for Dask."""

from typing import Any, Final

from ndmem.weighing.registry import Holding, Leave, Rule

from .lazy import lazy_note


def hold_array(array: Any) -> Holding:
    """Note the size of the computed array; the graph is walked like any object."""
    # From the chunks: `shape` and `nbytes` would be cached on the array.
    shape = [sum(axis) for axis in array.chunks]
    return Holding(note=lazy_note("dask array", shape, array.dtype, "computed"), logical=0)


def hold_frame(frame: Any) -> Holding:
    """Note that the size of a frame is unknown before it is computed."""
    return Holding(note="dask dataframe is not in memory: its size is not known before it is computed", logical=0)


def register_sizeof(sizeof: Any) -> None:
    """Let `dask.sizeof.sizeof` return the reachable bytes of `ndmem.weigh`: exact, and slower than Dask's own.

    Parameters
    ----------
    sizeof : dask.utils.Dispatch
        Dask's dispatcher, ``dask.sizeof.sizeof``.

    Notes
    -----
    Nothing calls this by itself. Dask samples ten items of a long list; this looks at all of them: 1,336 ms instead of
    0.4 ms for a list of a million dicts. Mapped files are not counted: they need no memory of the worker's limit.

    Examples
    --------
    >>> from ndmem.weighing.adapters.dask import register_sizeof
    >>> register_sizeof(dask.sizeof.sizeof)  # doctest: +SKIP
    """
    from ndmem.weighing.objects import weigh_objects

    def weighed(thing: object) -> int:
        return weigh_objects(thing, depth=0, resident=False).reachable

    for kind in (object, list, tuple, set, frozenset, dict, bytes, bytearray, memoryview):
        sizeof.register(kind, weighed)

    def for_library(kinds: tuple[tuple[str, str], ...]) -> Any:
        def register() -> None:
            import importlib

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

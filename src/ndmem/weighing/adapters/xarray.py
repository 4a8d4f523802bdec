"""xarray: variables by name; lazy ones are not loaded."""

from collections.abc import Iterator
from typing import Any, Final

from ndmem.weighing.registry import Child, Children, Holding, Leave, Rule

from .lazy import lazy_note


def hold_lazy(array: Any) -> Holding:
    """Note the size of a lazily indexed array when it is loaded."""
    return Holding(note=lazy_note("xarray variable", array.shape, array.dtype, "loaded"), logical=0)


def hold_manager(manager: Any) -> Holding:
    """Return nothing: all datasets share the cache of open files behind it."""
    return Holding(follow=False)


def name_variables(dataset: Any) -> Iterator[Child]:
    """Yield the variables of a dataset, coordinates too."""
    for name, variable in dataset._variables.items():
        yield Child(f"[{str(name)!r}]", variable)


def name_array(array: Any) -> Iterator[Child]:
    """Yield the values and the coordinates of a data array."""
    yield Child(".variable", array._variable)
    for name, variable in array._coords.items():
        yield Child(f".coords[{str(name)!r}]", variable)


RULES: Final[dict[str, Rule | Leave]] = {
    "xarray.core.indexing.LazilyIndexedArray": hold_lazy,
    "xarray.core.indexing.LazilyOuterIndexedArray": hold_lazy,
    "xarray.core.indexing.LazilyVectorizedIndexedArray": hold_lazy,
    "xarray.backends.file_manager.FileManager": hold_manager,
}

CHILDREN: Final[dict[str, Children]] = {
    "xarray.core.dataset.Dataset": name_variables,
    "xarray.core.dataarray.DataArray": name_array,
}

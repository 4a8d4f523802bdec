"""zarr: chunks are in a store, on disk or elsewhere; only chunks in memory count."""

from typing import Any, Final

from ndmem.weighing.registry import Holding, Leave, Rule

from .lazy import lazy_note


def hold_array(array: Any) -> Holding:
    """Note the size of the array when it is read whole."""
    return Holding(note=lazy_note("zarr array", array.shape, array.dtype, "read"), logical=0)


RULES: Final[dict[str, Rule | Leave]] = {
    "zarr.core.array.Array": hold_array,
    "zarr.core.Array": hold_array,  # zarr 2
}

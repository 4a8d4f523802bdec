"""HDF5: a dataset lies in its file; what is read of it is another array."""

from __future__ import annotations

from typing import Any, Final

from ndmem.weighing.registry import Holding, Leave, Rule

from .lazy import lazy_note


def hold_dataset(dataset: Any) -> Holding:
    """Say what the dataset would be when it is read whole; a closed one is nothing."""
    if not dataset:
        return Holding(logical=0)
    return Holding(note=lazy_note("HDF5 dataset", dataset.shape or (), dataset.dtype, "read"), logical=0)


RULES: Final[dict[str, Rule | Leave]] = {"h5py._hl.dataset.Dataset": hold_dataset}

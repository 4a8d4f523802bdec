"""HDF5: the data of a dataset are in its file; reading them creates another array."""

from typing import Any, Final

from ndmem.weighing.registry import Holding, Leave, Rule

from .lazy import lazy_note


def hold_dataset(dataset: Any) -> Holding:
    """Note the size of the dataset when it is read whole; nothing for a closed one."""
    if not dataset:
        return Holding(logical=0)
    return Holding(note=lazy_note("HDF5 dataset", dataset.shape or (), dataset.dtype, "read"), logical=0)


RULES: Final[dict[str, Rule | Leave]] = {"h5py._hl.dataset.Dataset": hold_dataset}

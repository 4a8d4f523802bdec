"""HDF5: the data of a dataset are in its file, which may be in memory; reading them creates another array."""

import sys
from typing import Any, Final

from ndmem.weighing.registry import Holding, Leave, Rule

from .lazy import lazy_note

_CACHES: Final = "HDF5 files in memory are counted with their reserve (get_filesize), without the library's caches"


def hold_dataset(dataset: Any) -> Holding:
    """Note the size of the dataset when it is read whole; nothing for a closed one."""
    if not dataset:
        return Holding(logical=0)
    return Holding(note=lazy_note("HDF5 dataset", dataset.shape or (), dataset.dtype, "read"), logical=0)


def hold_file(file: Any) -> Holding:
    """Return the memory of an in-memory file (driver ``core``), which grows in steps; caches are unseen."""
    access = file.get_access_plist() if file.valid else None
    if access is None or access.get_driver() != sys.modules["h5py"].h5fd.CORE:
        return Holding(unseen=True)
    step, _ = access.get_fapl_core()
    nbytes = -(-file.get_filesize() // step) * step
    return Holding(nbytes=nbytes, logical=0, note=_CACHES, unseen=True)


RULES: Final[dict[str, Rule | Leave]] = {
    "h5py._hl.dataset.Dataset": hold_dataset,
    "h5py.h5f.FileID": hold_file,
}

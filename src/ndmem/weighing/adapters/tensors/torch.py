"""PyTorch: a storage counts once over all tensors that share it, and is freed with the last of them.

PyTorch counts the tensors of a storage (`torch._C._storage_Use_Count`). It counts its own reference to a tensor, as
that of a view to its base or of a parameter to its gradient, in the tensor's Python reference count.
"""

import sys
from typing import Any, Final

from ndmem.model.trace import Domain
from ndmem.platform.resident.mapped import FileMappings
from ndmem.weighing.registry import Holding, Leave, Region, Rule

_ASKED: Final = 64 * 1024  # listing the mapped files takes 0.2 ms
_SPARSE: Final = {
    "torch.sparse_coo": ("_indices", "_values"),
    "torch.sparse_csr": ("crow_indices", "col_indices", "values"),
    "torch.sparse_csc": ("ccol_indices", "row_indices", "values"),
    "torch.sparse_bsr": ("crow_indices", "col_indices", "values"),
    "torch.sparse_bsc": ("ccol_indices", "row_indices", "values"),
}
_GRAPH_NOTE: Final = "the autograd graph of a tensor is not visible: it may keep other tensors"


def hold_tensor(tensor: Any) -> Holding:
    """Return the storage of a tensor, its base if it is a view, and its gradient."""
    torch: Any = sys.modules["torch"]
    # A subclass may define __torch_function__, which would run.
    with torch._C.DisableTorchFunctionSubclass():
        logical = tensor.numel() * tensor.element_size()
        parts = _SPARSE.get(str(tensor.layout))
        if parts is None:
            regions = [_region(torch, tensor.untyped_storage())]
        else:
            found = [getattr(tensor, name)() for name in parts]
            # Each was created here, and shares a storage with the tensor's own.
            regions = [_region(torch, each.untyped_storage(), temporaries=1) for each in found]
            logical = sum(each.numel() * each.element_size() for each in found)
        held = [tensor._base if tensor._is_view() else None, tensor.grad if tensor.is_leaf else None]
        in_graph = tensor.grad_fn is not None
    return Holding(
        objects=tuple(each for each in held if each is not None),
        regions=tuple(each for each in regions if each.nbytes),
        logical=logical,
        note=_GRAPH_NOTE if in_graph else None,
        unseen=in_graph,
    )


def hold_storage(storage: Any) -> Holding:
    """Return the memory of a storage itself."""
    region = _region(sys.modules["torch"], storage, temporaries=-1)
    return Holding(regions=(region,) if region.nbytes else ())


def _region(torch: Any, storage: Any, *, temporaries: int = 0) -> Region:
    nbytes, address, kind = storage.nbytes(), storage.data_ptr(), storage.device.type
    if kind == "meta" or address == 0:
        return Region(0, 0)
    holders = torch._C._storage_Use_Count(storage._cdata) - 1 - temporaries
    if kind != "cpu":
        return Region(address, nbytes, Domain.DEVICE, holders=holders)
    if storage.resizable():
        return Region(address, nbytes, holders=holders)
    # Borrowed, from NumPy for example: the lender may outlive it; `numpy()` leaves the same mark. Or a file or shared
    # memory, which is mapped.
    is_mapped = nbytes >= _ASKED and FileMappings().covers(address)
    return Region(address, nbytes, Domain.MAPPED if is_mapped else Domain.FOREIGN, sure=False, holders=holders)


RULES: Final[dict[str, Rule | Leave]] = {
    "torch._C.TensorBase": hold_tensor,
    "torch._C._TensorBase": hold_tensor,  # PyTorch 2.0
    "torch._C.StorageBase": hold_storage,
    "torch.storage.UntypedStorage": hold_storage,
}
SEEN: Final = ("torch.device", "torch.dtype", "torch.layout", "torch.memory_format", "torch.Size")

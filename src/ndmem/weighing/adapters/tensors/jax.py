"""JAX: an array has one buffer for each of its devices. Other holders in C++ cannot be seen."""

from collections.abc import Iterator
from typing import Any, Final

from ndmem.model.trace import Domain
from ndmem.weighing.registry import Holding, Leave, Region, Rule


def hold_array(array: Any) -> Holding:
    """Return the buffers of an array (`on_device_size_in_bytes`), and its copy in NumPy if it has one."""
    if array.is_deleted():
        return Holding(logical=0)
    copy = array._npy_value
    return Holding(objects=() if copy is None else (copy,), regions=tuple(_regions(array)), logical=array.nbytes)


def _regions(array: Any) -> Iterator[Region]:
    parts = array._arrays
    for part in [array] if len(parts) == 1 else parts:
        (device,) = part.devices()
        domain = Domain.FOREIGN if device.platform == "cpu" else Domain.DEVICE
        yield Region(part.unsafe_buffer_pointer(), part.on_device_size_in_bytes(), domain, sure=False)


RULES: Final[dict[str, Rule | Leave]] = {
    "jaxlib._jax.ArrayImpl": hold_array,
    "jaxlib.xla_extension.ArrayImpl": hold_array,  # up to 0.5
}
# One for each device, process-wide.
SEEN: Final = ("jaxlib._jax.Device", "jaxlib._jax.Client")

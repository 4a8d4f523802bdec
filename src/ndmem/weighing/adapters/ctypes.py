"""ctypes: arrays, structures and simple values that own their memory."""

import ctypes
from typing import Any, Final

from ndmem.weighing.registry import Holding, Leave, Region, Rule


def hold_data(data: Any) -> Holding:
    """Return the memory that an instance owns, unless another instance or the object itself contains it."""
    # ctypes keeps up to 16 bytes in the object itself (b_value); sys.getsizeof counts those.
    if not data._b_needsfree_ or ctypes.sizeof(data) <= 16:
        return Holding(logical=0)
    return Holding(regions=(Region(ctypes.addressof(data), ctypes.sizeof(data)),), logical=0)


RULES: Final[dict[str, Rule | Leave]] = {"_ctypes._CData": hold_data}

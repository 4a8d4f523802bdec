"""The standard library's owners of raw memory."""

import sys
from io import BytesIO
from mmap import mmap
from typing import Final

import numpy as np

from ndmem.model.trace import Domain
from ndmem.weighing.registry import Holding, Leave, Region, Rule


def hold_mmap(mapping: mmap) -> Holding:
    """Return the mapped range; nothing for a closed one."""
    try:
        # A view reports the address without touching a page.
        view = np.frombuffer(mapping, np.uint8)
    except ValueError:
        return Holding()
    domain = Domain.MAPPED
    try:
        mapping.size()
    except OSError:
        domain = Domain.FOREIGN  # without a file: memory that at most children share
    return Holding(regions=(Region(view.ctypes.data, view.nbytes, domain),), logical=0)


def hold_bytes(_: BytesIO) -> Holding:
    """Return nothing more: from Python 3.12 on its bytes are a reference, which its __sizeof__ counts too."""
    return Holding()


RULES: Final[dict[str, Rule | Leave]] = {
    "mmap.mmap": hold_mmap,
    "array.array": "counted",
    "_io._BytesIOBuffer": "counted",  # by the BytesIO whose memory it exports
}
if sys.version_info >= (3, 12):
    RULES["_io.BytesIO"] = hold_bytes

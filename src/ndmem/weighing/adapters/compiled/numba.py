"""numba: blocks of its runtime (`_MemInfo`). Its typed lists and dicts are C structures without a size.

Their number of items is compiled code, which weighing must not run, and to read their structures by offset could crash
a program with another version of numba.
"""

from typing import Any, Final

from ndmem.weighing.registry import Holding, Leave, Region, Rule


def hold_block(block: Any) -> Holding:
    """Return the memory of a block, which its references share."""
    nbytes = memoryview(block).nbytes
    return Holding(regions=(Region(block.data, nbytes, holders=block.refcount),), logical=0)


def hold_container(_: Any) -> Holding:
    """Say that the items of a typed list or dict are not visible."""
    return Holding(logical=0, unseen=True)


RULES: Final[dict[str, Rule | Leave]] = {
    "_nrt_python._MemInfo": hold_block,
    "numba.typed.typedlist.List": hold_container,
    "numba.typed.typeddict.Dict": hold_container,
}

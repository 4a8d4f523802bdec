"""Measure the memory that objects hold: owned, reachable, logical and resident bytes.

`objects` walks (`walk`, in C: `_walk`), settles views to buffers (`buffers`), finds what would be freed (`ownership`)
and whose contents are not visible (`unseen`), and names the children (`parts`, `naming`); `mirror` sees types as
CPython does; `registry` and `adapters/` know other libraries' types; `tracked` asks the running tracker. `live/` lists
the arrays of the process by the paths that lead to them from its scopes, and walks from all roots of the process.
`stored/` reads headers of files (`npy`, `npz`, `parquet`, `stored`).

The walk itself is C: `csrc/walk/`.
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from .objects import weigh_objects as weigh
    from .registry import Child, Holding, Region, register

__all__ = ["Child", "Holding", "Region", "register", "weigh"]


def __getattr__(name: str) -> Any:
    # On first use: were a part imported here, a thread that imports this package and one that imports that part would
    # each wait for the other, and one of them would get CPython's _DeadlockError (python/cpython#83065).
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import objects, registry

    return objects.weigh_objects if name == "weigh" else getattr(registry, name)

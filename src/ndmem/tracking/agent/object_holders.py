"""At the end of the program, find the arrays that objects hold: attributes, nested containers, data frames, caches.

The search lies outside the agent, and it is imported only then.
"""

from __future__ import annotations

import gc
import os
import sys

from ndmem.user_code import OWN_FOLDER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LEAST_NBYTES = 2**20
"""Live bytes at the end from which on names are looked for: fewer are not worth the time."""

MOST_OBJECTS = 400_000
"""Objects that are looked through at most: some 2 s."""

_NBYTES_OF_OBJECT, _NBYTES_BESIDE = 400, 2**26
"""Memory that must be free for each object and besides: the walk took 170 bytes each, and a program near its limit must
not be killed at its end."""

_SEARCH, _LIMITS = "ndmem.weighing.object_holders", "ndmem.platform.limits.machine_limits"
_MISSING = "Arrays that only objects hold have no names"


def find_in_objects(*, threshold: int) -> tuple[tuple[Any, ...], str]:
    """Return the holders of live arrays, for ``sight_holders``, and a note if they were not looked for.

    Parameters
    ----------
    threshold : int
        Bytes from which on a buffer is recorded.
    """
    count = len(gc.get_objects())
    if count > MOST_OBJECTS:
        return (), f"{_MISSING}: {count:,} objects are too many to look through."
    path, hooks = sys.path, sys.meta_path
    # ndmem's folder and the standard library alone, also for what the search imports later: a file of the program that
    # is called as a module of the standard library must not be run, nor must the program's own import hooks be called.
    library = os.path.dirname(os.__file__)  # noqa: PTH120  # pathlib costs 5 ms of every start
    sys.path = [library, f"{library}/lib-dynload", os.path.dirname(OWN_FOLDER)]  # noqa: PTH120  # and here
    sys.meta_path = [hook for hook in hooks if _is_pythons(hook)]
    try:
        __import__(_LIMITS)
        free: int | None = sys.modules[_LIMITS].limits().free
        if free is not None and free < _NBYTES_BESIDE + count * _NBYTES_OF_OBJECT:
            return (), f"{_MISSING}: only {free // 2**20} MiB of memory were free to look for them."
        __import__(_SEARCH)
        found: tuple[Any, ...] = sys.modules[_SEARCH].find_object_holders(smallest=threshold)
    except Exception as error:
        return (), f"{_MISSING}: looking for them failed ({type(error).__name__})."
    else:
        return found, ""
    finally:
        sys.path, sys.meta_path = path, hooks


def _is_pythons(hook: object) -> bool:
    """Tell whether an import hook is one of the three classes that every interpreter has; runs no code of the hook."""
    return type(hook) is type and type.__getattribute__(hook, "__module__").startswith("_frozen_importlib")

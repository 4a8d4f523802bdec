"""At the end of the program, find the arrays that objects hold: attributes, nested containers, data frames, caches.

The search lies outside the agent, and it is imported only then.
"""

from __future__ import annotations

import gc

from .own_imports import import_own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .deep.deep_look import DeepLook

LEAST_NBYTES = 2**20
"""Live bytes at the end from which on names are looked for: fewer are not worth the time."""

MOST_OBJECTS = 400_000
"""Objects that are looked through at most: some 2 s."""

_NBYTES_OF_OBJECT, _NBYTES_BESIDE = 400, 2**26
"""Memory that must be free for each object and besides: the walk took 170 bytes each, and a program near its limit must
not be killed at its end."""

LIMITS = "ndmem.platform.limits.machine_limits"
"""The module that knows how much memory is free."""

_SEARCH = "ndmem.weighing.live.object_holders"
_MISSING = "Arrays that only objects hold have no names"


def find_in_objects(*, threshold: int, deep: DeepLook | None = None) -> tuple[tuple[Any, ...], str]:
    """Return the holders of live arrays, for ``sight_holders``, and a note if they were not looked for.

    Parameters
    ----------
    threshold : int
        Bytes from which on a buffer is recorded.
    deep : DeepLook, optional
        Looks at the values of the arrays that are found.
    """
    count = len(gc.get_objects())
    if count > MOST_OBJECTS:
        return (), f"{_MISSING}: {count:,} objects are too many to look through."
    try:
        with import_own(LIMITS, _SEARCH) as (machine, search):
            free = find_shortage(count, machine)
            if free is not None:
                return (), f"{_MISSING}: only {free // 2**20} MiB of memory were free to look for them."
            found: tuple[Any, ...] = search.find_object_holders(
                smallest=threshold, look=None if deep is None else deep.look_at_end
            )
    except Exception as error:
        return (), f"{_MISSING}: looking for them failed ({type(error).__name__})."
    else:
        return found, ""


def find_shortage(count: int, machine: Any) -> int | None:
    """Return the bytes that are free if they are too few for a walk through so many objects; ``None`` if they suffice.

    Parameters
    ----------
    count : int
        Number of objects.
    machine : module
        `LIMITS`.
    """
    free: int | None = machine.limits().free
    return free if free is not None and free < _NBYTES_BESIDE + count * _NBYTES_OF_OBJECT else None

"""At the end of the program, find the arrays that objects hold: attributes, nested containers, data frames, caches.

The search lies outside the agent, and it is imported only then.
"""

from __future__ import annotations

import _frozen_importlib
import _frozen_importlib_external
import _thread
import gc
import os
import sys

from ndmem.user_code import OWN_FOLDER

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

_SEARCH, _LIMITS = "ndmem.weighing.live.object_holders", "ndmem.platform.limits.machine_limits"
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
    imports: Any = _OwnImports()
    sys.meta_path.insert(0, imports)
    try:
        __import__(_LIMITS)
        free: int | None = sys.modules[_LIMITS].limits().free
        if free is not None and free < _NBYTES_BESIDE + count * _NBYTES_OF_OBJECT:
            return (), f"{_MISSING}: only {free // 2**20} MiB of memory were free to look for them."
        __import__(_SEARCH)
        found: tuple[Any, ...] = sys.modules[_SEARCH].find_object_holders(
            smallest=threshold, look=None if deep is None else deep.look_at_end
        )
    except Exception as error:
        return (), f"{_MISSING}: looking for them failed ({type(error).__name__})."
    else:
        return found, ""
    finally:
        sys.meta_path.remove(imports)


class _OwnImports:
    """An import hook that finds modules in the standard library and in ndmem's folder alone, for this thread.

    A file of the program that is called as a module of the standard library must not be run, nor must the program's own
    import hooks be called. Other threads import what they want meanwhile, so ``sys.path`` stays as it is.
    """

    def __init__(self) -> None:
        library = os.path.dirname(os.__file__)  # noqa: PTH120  # pathlib costs 5 ms of every start
        self._path = [library, f"{library}/lib-dynload", os.path.dirname(OWN_FOLDER)]  # noqa: PTH120  # and here
        self._thread = _thread.get_ident()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return the spec of a module; ``None`` for other threads.

        Raises
        ------
        ModuleNotFoundError
            If there is no such module: the hooks after this one are not asked.
        """
        if _thread.get_ident() != self._thread:
            return None
        for finder in (_frozen_importlib.BuiltinImporter, _frozen_importlib.FrozenImporter):
            if (spec := finder.find_spec(name, path, target)) is not None:
                return spec
        spec = _frozen_importlib_external.PathFinder.find_spec(name, self._path if path is None else path, target)
        if spec is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return spec

"""Import ndmem's own modules into a program without anything of the program being imported or called.

Used inside the program: imports only modules that Python's own start imports.
"""

from __future__ import annotations

import _frozen_importlib
import _frozen_importlib_external
import _thread
import os
import sys

from ndmem.user_code import OWN_FOLDER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType, TracebackType
    from typing import Any


class import_own:  # noqa: N801  # used as a function; contextlib is not imported at Python's start
    """Import modules of ndmem, and what they import inside the block, with `_OwnImports`.

    Parameters
    ----------
    *names : str
        The modules.
    """

    def __init__(self, *names: str) -> None:
        self._names = names
        self._hook: Any = _OwnImports()

    def __enter__(self) -> tuple[ModuleType, ...]:
        """Return the modules."""
        sys.meta_path.insert(0, self._hook)
        try:
            for name in self._names:
                __import__(name)
        except BaseException:
            sys.meta_path.remove(self._hook)
            raise
        return tuple(sys.modules[name] for name in self._names)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Remove the hook."""
        sys.meta_path.remove(self._hook)


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

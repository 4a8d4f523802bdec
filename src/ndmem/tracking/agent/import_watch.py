"""Call a function as soon as a module is imported: NumPy to record arrays, `threading` to be called before the end.

Used inside the program: imports only modules that Python's own start imports.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any


def call_after_import(name: str, act: Callable[[], None]) -> None:
    """Call a function now if the module of that name is imported, else at the end of its import."""
    if name in sys.modules:
        act()
    else:
        sys.meta_path.insert(0, _ImportWatch(name, act))


class _ImportWatch:
    """A finder that finds nothing itself, and makes the loader of a module call a function when it is done.

    Looking for a module is not importing it: the watch ends with the first import that succeeds.
    """

    def __init__(self, name: str, act: Callable[[], None]) -> None:
        self._name = name
        self._act = act

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self._name:
            return None
        finders = list(sys.meta_path)
        for finder in finders[finders.index(self) + 1 :] if self in finders else ():  # those before were asked
            find = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find(name, path, target) if find else None
            if spec is not None:
                self._call_after(spec.loader)
                return spec
        return None

    def _call_after(self, loader: Any) -> None:
        execute = getattr(loader, "exec_module", None)
        if execute is None:
            return

        def execute_then_act(module: ModuleType) -> None:
            execute(module)
            if module.__name__ == self._name and self in sys.meta_path:
                del loader.exec_module
                sys.meta_path.remove(self)
                self._act()

        # Python removes frames of this name from tracebacks: an import that fails looks as it does without us.
        execute_then_act.__code__ = execute_then_act.__code__.replace(
            co_filename="<frozen importlib._bootstrap>", co_name="_call_with_frames_removed"
        )
        try:
            # On the instance: the loader keeps its type, which other import hooks examine.
            loader.exec_module = execute_then_act
        except AttributeError:  # a loader without attributes: of NumPy, `finish` notes that nothing was recorded
            return

"""Where the names of a program live: its modules and the functions that are running."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import CO_OPTIMIZED
from types import FrameType, ModuleType, TracebackType
from typing import Any, Final

_HISTORY: Final = re.compile(r"_{1,3}|_\d+|Out|_oh")
_MACHINERY: Final = frozenset({"IPython", "ipykernel", "traitlets", "tornado", "asyncio"})
_OWN: Final = __name__.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Scope:
    """Names and what they are bound to.

    Attributes
    ----------
    variables : dict
        By name.
    before, after : str
        What is written around a name: ``"module."``, ``" in function"``.
    notebook : bool
        It has an output history.
    """

    variables: dict[str, Any]
    before: str = ""
    after: str = ""
    notebook: bool = False

    def is_history(self, name: str) -> bool:
        """Whether a name is the notebook's own, for what cells have put out."""
        return self.notebook and _HISTORY.fullmatch(name) is not None


def is_machinery(thing: object) -> bool:
    """Whether an object is of the notebook's own machinery, by the module of its type."""
    module = type.__getattribute__(type(thing), "__module__")
    return isinstance(module, str) and module.partition(".")[0] in _MACHINERY


def scopes(traceback: TracebackType | None = None) -> Iterator[Scope]:
    """Yield the scopes of the modules, then of the functions that run, of every thread, then of those in a traceback.

    In a notebook those of the notebook's own machinery are left out: it refers to every output a dozen times.
    """
    modules = {name: module for name, module in list(sys.modules.items()) if isinstance(module, ModuleType)}
    main = ModuleType.__getattribute__(modules["__main__"], "__dict__") if "__main__" in modules else {}
    notebook = "get_ipython" in main
    for name, module in modules.items():
        if name == "__main__":
            yield Scope(main, notebook=notebook)
        # __mp_main__ is the main module again, in a child that was spawned.
        elif name != "__mp_main__" and not (notebook and name.partition(".")[0] in {*_MACHINERY, "sys", "builtins"}):
            yield Scope(ModuleType.__getattribute__(module, "__dict__"), before=f"{name}.")
    # Our own are left out at once: a list that held this function's frame would be a cycle nobody breaks.
    running = [frame for leaf in sys._current_frames().values() for frame in _callers(leaf) if not _is_own(frame)]
    ended = [frame for frame in _frames_of(traceback) if not _is_own(frame)]
    for frame in dict.fromkeys([*running, *ended]):
        hidden = notebook and _package(frame) in _MACHINERY
        if frame.f_code.co_flags & CO_OPTIMIZED and not hidden:
            yield Scope(_locals(frame), after=f" in {frame.f_code.co_name}")


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _is_own(frame: FrameType) -> bool:
    return _package(frame) == _OWN


def _callers(leaf: FrameType | None) -> Iterator[FrameType]:
    while leaf is not None:
        yield leaf
        leaf = leaf.f_back


def _frames_of(traceback: TracebackType | None) -> Iterator[FrameType]:
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next


def _locals(frame: FrameType) -> dict[str, Any]:
    snapshot = frame.f_locals
    variables = dict(snapshot)
    # Up to 3.12 the frame keeps the snapshot, and so every array in it, until it is asked again. Two
    # references are the frame's and ours: with another the program has called locals() itself, and it is
    # the program's.
    if sys.version_info < (3, 13) and sys.getrefcount(snapshot) <= 3:
        snapshot.clear()
    return variables

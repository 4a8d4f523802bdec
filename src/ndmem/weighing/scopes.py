"""Where the names of a program live: its modules and the functions that are running."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import CO_OPTIMIZED
from types import FrameType, ModuleType
from typing import Any, Final

_HISTORY: Final = re.compile(r"_{1,3}|_\d+|Out|_oh")
_OWN: Final = __name__.rpartition(".")[0]


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


def scopes() -> Iterator[Scope]:
    """Yield the scopes of the modules, then of the functions that run, of every thread."""
    for name, module in list(sys.modules.items()):
        if isinstance(module, ModuleType):
            variables = ModuleType.__getattribute__(module, "__dict__")
            if name == "__main__":
                yield Scope(variables, notebook="get_ipython" in variables)
            elif name != "__mp_main__":  # the same module, in a child that was spawned
                yield Scope(variables, before=f"{name}.")
    for leaf in sys._current_frames().values():
        frame: FrameType | None = leaf
        while frame is not None:
            if frame.f_code.co_flags & CO_OPTIMIZED and not _is_own(frame):
                yield Scope(_locals(frame), after=f" in {frame.f_code.co_name}")
            frame = frame.f_back


def _is_own(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith(_OWN)


def _locals(frame: FrameType) -> dict[str, Any]:
    snapshot = frame.f_locals
    variables = dict(snapshot)
    # Up to 3.12 the frame keeps the snapshot, and so every array in it, until it is asked again. Two references
    # are the frame's and ours: with another the program has called locals() itself, and it is the program's.
    if sys.version_info < (3, 13) and sys.getrefcount(snapshot) <= 3:
        snapshot.clear()
    return variables

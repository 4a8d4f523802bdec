"""The variables of a program: those of its modules and of its running functions."""

import gc
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType, ModuleType, TracebackType
from typing import Any, Final

from ndmem._walk import entries_of, frame_variables, stacks
from ndmem.weighing.mirror import namespace_of, qualname_of

_HISTORY: Final = re.compile(r"_{1,3}|_\d+|Out|_oh")
_MACHINERY: Final = frozenset({"IPython", "ipykernel", "traitlets", "tornado", "asyncio"})
OWN_PACKAGE: Final = __name__.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Scope:
    """Names and what they are bound to.

    Attributes
    ----------
    variables : dict
        By name.
    before, after : str
        Text before and after a name: ``"module."``, ``" in function"``.
    within : str
        Text between `before` and a name: ``"Class."``.
    notebook : bool
        Whether it has an output history.
    """

    variables: dict[str, Any]
    before: str = ""
    after: str = ""
    notebook: bool = False
    within: str = ""

    def is_history(self, name: str) -> bool:
        """Return whether a name is part of the notebook's output history."""
        return self.notebook and _HISTORY.fullmatch(name) is not None


def is_machinery(thing: object) -> bool:
    """Return whether an object belongs to the notebook's implementation, by the module of its type."""
    module = type.__getattribute__(type(thing), "__module__")
    return isinstance(module, str) and module.partition(".")[0] in _MACHINERY


def scopes(traceback: TracebackType | None = None) -> Iterator[Scope]:
    """Yield the scopes of modules, then of running functions in all threads, then of functions in a traceback.

    In a notebook, skip the notebook's implementation, which refers to every output a dozen times.
    """
    known = zip(*entries_of(sys.modules), strict=True)
    modules = {name: module for name, module in known if isinstance(module, ModuleType)}
    main = ModuleType.__getattribute__(modules["__main__"], "__dict__") if "__main__" in modules else {}
    notebook = "get_ipython" in main
    for name, module in modules.items():
        if name == "__main__":
            yield Scope(main, notebook=notebook)
        # __mp_main__ is the main module under a second name, in a spawned child.
        elif name != "__mp_main__" and not (notebook and name.partition(".")[0] in {*_MACHINERY, "sys", "builtins"}):
            yield Scope(ModuleType.__getattribute__(module, "__dict__"), before=f"{name}.")
    for names, function, variables in [*stacks(), *_ended(traceback)]:
        package = _package(names)
        if package != OWN_PACKAGE and not (notebook and package in _MACHINERY):
            yield Scope(variables, after=f" in {function}")


def class_namespaces() -> Iterator[tuple[type, dict[str, Any]]]:
    """Yield all classes, each with the dict of its attributes."""
    seen: set[int] = set()  # not the classes, whose metaclass may define equality
    waiting: list[type] = [object]
    while waiting:
        kind = waiting.pop()
        fresh = [each for each in type.__subclasses__(kind) if id(each) not in seen]
        seen.update(map(id, fresh))
        waiting += fresh
        # The proxy of a class refers to nothing but the dict with its attributes.
        variables = next(iter(gc.get_referents(namespace_of(kind))), None)
        if type(variables) is dict:
            yield kind, variables


def class_scope(kind: type, variables: dict[str, Any]) -> Scope:
    """Return the scope of a class; its module may be missing, for a program can delete it."""
    module = variables.get("__module__")
    before = f"{module}." if type(module) is str and module != "__main__" else ""
    return Scope(variables, before=before, within=f"{qualname_of(kind)}.")


def _package(names: dict[str, Any]) -> str:
    return str(dict.get(names, "__name__", "")).partition(".")[0]


def _ended(traceback: TracebackType | None) -> Iterator[tuple[dict[str, Any], str, dict[str, Any]]]:
    """Yield the functions of a traceback that have ended."""
    for frame in dict.fromkeys(_frames_of(traceback)):
        variables = frame_variables(frame)
        if variables is not None:
            yield frame.f_globals, frame.f_code.co_name, variables


def _frames_of(traceback: TracebackType | None) -> Iterator[FrameType]:
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next

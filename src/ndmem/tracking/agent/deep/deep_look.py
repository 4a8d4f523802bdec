"""What ``ndmem run --deep`` does inside the program: look at values, when functions return and at the end.

Used inside the program: imports only modules that Python's own start imports.
"""

from __future__ import annotations

import sys

from ndmem.user_code import find_library_roots, is_user_code

from .array_values import ArrayValues
from .boxed_numbers import BoxedNumbers
from .equal_arrays import EqualArrays
from .function_returns import FunctionReturns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import CodeType, ModuleType
    from typing import Any

_MODULE = type(sys)

_MOST_ITEMS = 1_000

_LEAST_OF_MAIN = 2**12
"""Bytes of arrays by whose stacks the file of the program is found."""

_UNWATCHED = (
    "The values of arrays were examined at the end alone: {}. Those of arrays that were freed before are unknown."
)


class DeepLook:
    """The looks at the values of one process.

    Parameters
    ----------
    native : module
        The native core.
    packages : sequence of str
        Installed packages that are the user's.
    """

    def __init__(self, native: Any, packages: Sequence[str]) -> None:
        self._native, self._packages = native, packages
        self._roots = find_library_roots()
        self._known: dict[str, bool] = {}
        self._values: ArrayValues | None = None
        self._boxed: BoxedNumbers | None = None
        self._equal: EqualArrays | None = None
        self._returns = FunctionReturns(native, is_users=self._is_users, look=self._look_at_variables)
        self._is_watching = False

    def begin(self, recording: Any) -> None:
        """Look from now on, on behalf of a recording that has just begun."""
        self._values, self._boxed = ArrayValues(self._native, recording), BoxedNumbers()
        self._equal = EqualArrays(self._native)
        self._is_watching = self._is_watching or self._returns.begin()

    def look_at_end(self, arrays: Iterable[Any]) -> None:
        """Look at the values of all live arrays."""
        self._returns.end()
        if self._values is None or self._boxed is None or self._equal is None:
            return
        self._values.end()
        found = list(arrays)
        for array in found:
            self._values.look_at(array)
        self._equal.look_at(found)
        for key, module in list(sys.modules.items()):
            # Exactly modules: reading the names of another class of modules may run its code.
            if type(module) is _MODULE:
                filename = self._find_main() if key == "__main__" else _file_of(module)
                if self._is_users(filename):
                    for name, value in list(module.__dict__.items()):
                        self._boxed.meet(filename, "<module>", name, value)

    def end(self) -> tuple[dict[str, Any], list[str]]:
        """Stop looking; return metadata for the journal, and notes on what was not examined."""
        self._returns.end()
        if self._values is None or self._boxed is None or self._equal is None:
            return {}, []
        absence = [] if self._is_watching else [_UNWATCHED.format(self._returns.obstacle)]
        facts = {
            "values": self._values.describe(),
            "boxed": self._boxed.describe(),
            "equal": self._equal.describe(),
        }
        return {"deep": facts}, [*absence, *self._values.explain(), *self._equal.explain()]

    def _find_main(self) -> str:
        """Return the file of the program, which Python has forgotten by now, from the stack of a live array."""
        for stack in {stack for _, _, stack in self._native.live_buffers(_LEAST_OF_MAIN)}:
            for filename, _, function in reversed(self._native.places_of(stack)):
                if function == "<module>" and self._is_users(filename):
                    return str(filename)
        return ""

    def _is_users(self, filename: str) -> bool:
        if filename not in self._known:
            self._known[filename] = is_user_code(filename, self._roots, self._packages)
        return self._known[filename]

    def _look_at_variables(self, code: CodeType, variables: dict[str, object]) -> bool:
        assert self._values is not None
        assert self._boxed is not None
        assert self._equal is not None
        found = False
        for name, value in variables.items():
            found |= self._values.meet(value) or self._boxed.meet(code.co_filename, code.co_name, name, value)
            kind = type(value)  # exactly these: iterating over them runs no code of the program
            if kind is list or kind is tuple or kind is dict:
                items: Any = value
                if len(items) <= _MOST_ITEMS:
                    inner = tuple(items.values() if kind is dict else items)
                    for item in inner:
                        found |= self._values.meet(item)
                    del items
                    self._equal.meet(value, inner)
        return found


def _file_of(module: ModuleType) -> str:
    filename = module.__dict__.get("__file__")
    return filename if type(filename) is str else ""

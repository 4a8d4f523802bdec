"""Find the files of functions that the client sent to its workers by value.

cloudpickle gives the code of such functions, which are those of ``__main__`` and of notebooks, the file name
``<dynamic-code>``; line and function are kept. The client has the same functions.
"""

from __future__ import annotations

import contextlib
import sys
import types
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cloudpickle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ndmem.model.site import Site

_DYNAMIC = "<dynamic-code>"


class ClientCode:
    """Files of the functions that this process can send by value."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, int], set[str]] = {}
        names = ["__main__", *cloudpickle.list_registry_pickle_by_value()]
        for module in filter(None, map(sys.modules.get, names)):
            for code in _walk_codes(_codes_of_module(module)):
                for line in {line for *_, line in code.co_lines() if line is not None}:
                    self._files.setdefault((code.co_name, line), set()).add(code.co_filename)

    def locate(self, site: Site) -> Site:
        """Return a site with the file of its function, if the client has one such function at that line."""
        if site.filename != _DYNAMIC:
            return site
        found = self._files.get((site.function, site.lineno), set())
        return replace(site, filename=next(iter(found))) if len(found) == 1 else site


def _codes_of_module(module: types.ModuleType) -> Iterator[types.CodeType]:
    """Yield the code of a module's source, and of the functions and methods in its variables, as in a notebook."""
    file = vars(module).get("__file__")
    if type(file) is str:
        with contextlib.suppress(OSError, ValueError, SyntaxError):  # no file, or changed: the variables are left
            yield compile(Path(file).read_bytes(), file, "exec", dont_inherit=True)
    for value in [*vars(module).values()]:
        yield from _codes_of_value(value)
        if isinstance(value, type) and type(value) is type and value.__module__ == module.__name__:
            for member in [*vars(value).values()]:
                yield from _codes_of_value(member)


def _codes_of_value(value: object) -> Iterator[types.CodeType]:
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    if type(value) is types.FunctionType:
        yield value.__code__


def _walk_codes(codes: Iterable[types.CodeType]) -> Iterator[types.CodeType]:
    """Yield code objects with those of their inner functions."""
    for code in codes:
        yield code
        yield from _walk_codes(each for each in code.co_consts if type(each) is types.CodeType)

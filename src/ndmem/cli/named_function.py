"""Import the function that MODULE:FUNCTION names on the command line."""

from __future__ import annotations

import ast
import difflib
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SHOWN = 5


def find_function(text: str) -> Callable[..., Any]:
    """Import the function that MODULE:FUNCTION names.

    Parameters
    ----------
    text : str
        The name of a module or the path of a ``.py`` file, a colon, and the name of a function in it.

    Raises
    ------
    click.UsageError
        If it has another form, the module cannot be imported, or it has no such function.
    """
    module_name, colon, name = text.rpartition(":")
    if not colon or not module_name or not name:
        example = _suggest_function(text) or "write module:function or file.py:function"
        raise click.UsageError(f"{text[:80]!r} is not MODULE:FUNCTION; {example}")
    module = _import(module_name)
    found: Any = module
    try:
        for part in name.split("."):
            found = getattr(found, part)
    except AttributeError:
        functions = [each for each, value in vars(module).items() if callable(value) and not each.startswith("_")]
        advice = _list_functions(name, functions) or "check the name after the colon"
        raise click.UsageError(f"{module_name} has no {name[:80]!r}; {advice}") from None
    if not callable(found):
        raise click.UsageError(f"{text[:80]} is not callable; name a function")
    function: Callable[..., Any] = found
    return function


def _import(name: str) -> Any:
    path = Path(name)
    try:
        if name.endswith(".py"):
            if not path.is_file():
                raise click.UsageError(f"no file {name}; check the path before the colon")
            sys.path.insert(0, str(path.absolute().parent))
            return importlib.import_module(path.stem)
        sys.path.insert(0, str(Path.cwd()))
        return importlib.import_module(name)
    except click.UsageError:
        raise
    except (Exception, SystemExit) as error:
        what = f"{type(error).__name__}: {error}"
        missing = isinstance(error, ModuleNotFoundError) and error.name == name
        advice = "check the name before the colon" if missing else "an import must succeed without arguments or input"
        raise click.UsageError(f"{name[:80]} cannot be imported: {what}; {advice}") from None


def _suggest_function(text: str) -> str:
    """Write what to write instead of the name of a file alone, by the functions in the file; may be empty."""
    path = Path(text)
    if not text.endswith(".py") or not path.is_file():
        return ""
    try:
        body = ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError, MemoryError, RecursionError):
        return ""
    names = [each.name for each in body if isinstance(each, ast.FunctionDef)]
    return f"write for example {text}:{names[0]}" if names else ""


def _list_functions(name: str, functions: Sequence[str]) -> str:
    if close := difflib.get_close_matches(name, functions, 1):
        return f"did you mean {close[0]}?"
    more = ", …" if len(functions) > _SHOWN else ""
    return f"its functions are {', '.join(functions[:_SHOWN])}{more}" if functions else ""

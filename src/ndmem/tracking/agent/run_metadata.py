"""What a journal should know of its run and the native core does not."""

from __future__ import annotations

import os
import site
import sys

from ndmem.numpy_core import find_core

# typing would load a dozen modules that a launched program may have of its own.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


def find_library_roots() -> tuple[str, ...]:
    """Return the folders whose code is not the user's: the standard library and the installed packages."""
    # sysconfig says the same and costs each program 8 ms: it loads how this Python was compiled.
    packages = site.getsitepackages([sys.prefix, sys.base_prefix])
    return tuple(sorted({os.path.dirname(os.__file__), *packages, site.getusersitepackages()}))  # noqa: PTH120


def find_program() -> tuple[list[str], dict[str, str]]:
    """Return the program of this interpreter as it was typed, and the text of code that is in no file."""
    words = sys.orig_argv[1:]
    code = words[words.index("-c") + 1 :][:1] if "-c" in words else []
    return words, dict.fromkeys(["<string>"] if code else [], "".join(code))


def describe_run(program: Sequence[str] = (), sources: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the meta record of a journal, as JSON can hold it.

    Parameters
    ----------
    program : sequence of str
        The program and its arguments as they were typed; empty for code tracked from inside.
    sources : mapping of str to str, optional
        Text of code that is in no file.
    """
    return {
        "program": list(program),
        "python": ".".join(map(str, sys.version_info[:3])),
        "numpy": getattr(sys.modules.get("numpy"), "__version__", None),
        "library_roots": find_library_roots(),
        "sources": dict(sources or {}),
        "notes": _find_foreign_handler(),
    }


def _find_foreign_handler() -> list[str]:
    """Return a note if somebody else's allocator is set here: its arrays do not pass through NumPy's default."""
    try:
        name = find_core(sys.modules["numpy"]).multiarray.get_handler_name()
    except (KeyError, AttributeError):  # there is no NumPy, or a module of the program's that has its name
        return []
    if name == "default_allocator":
        return []
    return [f"Arrays made through the memory handler {name!r} are not in this report: it replaces NumPy's own."]

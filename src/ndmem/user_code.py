"""The one answer to "is this the user's own code?".

A file is the user's if it lies outside the standard library, the installed packages and ndmem, and is not generated.
This module is imported in the user's process: it needs nothing that a program may not have loaded.
"""

from __future__ import annotations

import os
import site
import sys

# typing would load a dozen modules that a launched program may have of its own.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# Code that is generated or built in, never typed by the user. All other names in angle brackets
# (<string>, <stdin>, <ipython-input-…>, <doctest …>, <timeit-src>) hold text that the user typed.
GENERATED = ("<frozen ", "<__array_function__ ", "<attrs generated ", "<decorator-gen-")

OWN_FOLDER = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120  # pathlib costs 5 ms of every start

_SEPARATORS = "/\\"


def find_library_roots() -> tuple[str, ...]:
    """Return the folders of this interpreter whose code is not the user's: standard library and installed packages."""
    # sysconfig says the same and costs each program 8 ms: it loads how this Python was compiled.
    packages = site.getsitepackages([sys.prefix, sys.base_prefix])
    return tuple(sorted({os.path.dirname(os.__file__), *packages, site.getusersitepackages()}))  # noqa: PTH120  # and here


def is_below(filename: str, folders: Iterable[str]) -> bool:
    """Tell whether a file lies in one of the folders, at any depth; a folder named `lib` has nothing of `lib-mine`."""
    starts = [folder.rstrip(_SEPARATORS) for folder in folders]
    return filename.startswith(tuple(start + separator for start in starts if start for separator in _SEPARATORS))


def is_user_code(filename: str, library_roots: Iterable[str]) -> bool:
    """Tell whether a file holds the user's own code.

    Parameters
    ----------
    filename : str
        As a code object has it; empty where no Python code ran.
    library_roots : iterable of str
        Folders of the interpreter that ran the code, see `find_library_roots`.
    """
    return (
        bool(filename) and not filename.startswith(GENERATED) and not is_below(filename, (*library_roots, OWN_FOLDER))
    )


def library_of(filename: str, library_roots: Iterable[str]) -> str | None:
    """Return the name of the installed library that a file belongs to; ``None`` for a file outside the roots.

    The roots may contain each other: the standard library has the folder of the installed packages.
    """
    roots = [root for root in library_roots if is_below(filename, (root,))]
    if not roots:
        return None
    below = filename[len(max(roots, key=len).rstrip(_SEPARATORS)) + 1 :].replace("\\", "/")
    return below.partition("/")[0].removesuffix(".py")

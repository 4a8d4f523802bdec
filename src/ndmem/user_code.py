"""The one answer to "is this the user's own code?".

A file is the user's if it lies outside the standard library, the installed packages and ndmem, and is not generated;
an editable installation lies outside. It is also the user's if it belongs to a package that the user named.
This module is imported in the user's process: it needs nothing that a program may not have loaded.
"""

from __future__ import annotations

import os
import site
import sys

# typing would load a dozen modules that a launched program may have of its own.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Code that is generated or built in, never typed by the user. All other names in angle brackets
# (<string>, <stdin>, <ipython-input-…>, <doctest …>, <timeit-src>) hold text that the user typed.
GENERATED = ("<frozen ", "<__array_function__ ", "<attrs generated ", "<decorator-gen-")

# The file name of a ``python -c`` program, and also of code that a library generates (a dataclass, a namedtuple).
STRING = "<string>"

# Parts of the names of library files whose functions start threads, give them work and wait for them.
WAITING = (
    "/threading.py",
    "/queue.py",
    "/selectors.py",
    "/asyncio/",
    "/concurrent/futures/",
    "/multiprocessing/pool.py",
    "/joblib/",
    "/dask/",
)

OWN_FOLDER = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120  # pathlib costs 5 ms of every start

_SEPARATORS = "/\\"

_PACKAGES = ("/site-packages", "/dist-packages")

# Of the installations that were asked for: a session of pytest asks twice for each test, 0.1 ms each time.
_known_roots: dict[tuple[object, ...], tuple[str, ...]] = {}


def find_library_roots() -> tuple[str, ...]:
    """Return the folders of this interpreter whose code is not the user's: standard library and installed packages.

    Packages of another installation count, too, where its folder is searched for imports: the modules of a cluster set
    ``PYTHONPATH``, and an environment may borrow the packages of another one.
    """
    borrowed = tuple(path for path in sys.path if type(path) is str and path.rstrip("/").endswith(_PACKAGES))
    asked = (sys.prefix, sys.base_prefix, site.USER_SITE, borrowed)
    if asked not in _known_roots:
        # sysconfig says the same and costs each program 8 ms: it loads how this Python was compiled.
        packages = site.getsitepackages([sys.prefix, sys.base_prefix])
        roots = {os.path.dirname(os.__file__), *packages, site.getusersitepackages(), *borrowed}  # noqa: PTH120  # here, too
        # Started as ../venv/bin/python, a Python may have the dots in its prefix, and not in the names of files.
        _known_roots[asked] = tuple(sorted({*roots, *map(os.path.normpath, roots)}))
    return _known_roots[asked]


def is_below(filename: str, folders: Iterable[str]) -> bool:
    """Tell whether a file lies in one of the folders, at any depth; a folder named `lib` has nothing of `lib-mine`."""
    starts = [folder.rstrip(_SEPARATORS) for folder in folders]
    return filename.startswith(tuple(start + separator for start in starts if start for separator in _SEPARATORS))


def is_user_code(filename: str, library_roots: Iterable[str], packages: Iterable[str] = ()) -> bool:
    """Tell whether a file holds the user's own code.

    Parameters
    ----------
    filename : str
        As a code object has it; empty where no Python code ran.
    library_roots : iterable of str
        Folders of the interpreter that ran the code, see `find_library_roots`.
    packages : iterable of str
        Installed packages that are the user's, as they are imported: ``"mine"``, ``"company.mine"``.
    """
    if not filename or filename.startswith(GENERATED) or is_below(filename, (OWN_FOLDER,)):
        return False
    below = _find_part_below(filename, library_roots)
    return below is None or _is_in_packages(below, packages)


def find_user_files(
    filenames: Iterable[str],
    library_roots: Iterable[str],
    *,
    packages: Iterable[str] = (),
    program_packages: Iterable[str] = (),
    program: Sequence[str] = (),
) -> set[str]:
    """Return which files of a run hold the user's own code.

    Parameters
    ----------
    filenames : iterable of str
        Files of all code that ran.
    library_roots, packages
        See `is_user_code`.
    program_packages : iterable of str
        Packages that the command line names: their code is the user's if nothing else is, but for the script that calls
        them. A package that runs other programs, as pytest and IPython do, has that of the user to show.
    program : sequence of str
        The program and its arguments.
    """
    names, roots, wider = {*filenames}, tuple(library_roots), (*packages, *program_packages)
    users = {name for name in names if is_user_code(name, roots, packages)}
    others = {name for name in users if name != STRING and not _is_script(name, program)}
    if not program_packages or others:
        return users
    return {name for name in names if is_user_code(name, roots, wider)}


def library_of(filename: str, library_roots: Iterable[str]) -> str | None:
    """Return the name of the installed library that a file belongs to; ``None`` for a file outside the roots."""
    below = _find_part_below(filename, library_roots)
    return None if below is None else below.partition("/")[0].removesuffix(".py")


def owner_texts(
    library_roots: Iterable[str], packages: Iterable[str]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the arguments of ``_native.set_code_owners``, by which it tells the same as `is_user_code`."""
    roots = [root.rstrip(_SEPARATORS) for root in library_roots if root.rstrip(_SEPARATORS)]
    paths = [f"{root}/{package.replace('.', '/')}" for root in roots for package in packages]
    return (
        (f"{OWN_FOLDER}/",),
        (*GENERATED, *(f"{root}/" for root in roots)),
        tuple(path + end for path in paths for end in ("/", ".py")),
        WAITING,
    )


def _is_script(filename: str, program: Sequence[str]) -> bool:
    """Tell whether a file is the script that was run: a code object may have the whole path of what was typed."""
    script = program[0].removeprefix("./") if program else ""
    return bool(script) and (filename == script or filename.endswith(f"/{script}"))


def _find_part_below(filename: str, library_roots: Iterable[str]) -> str | None:
    """Return the part of a file's path below a library root, ``None`` for a file outside the roots.

    The roots may contain each other: the standard library has the folder of the installed packages.
    """
    roots = [root for root in library_roots if is_below(filename, (root,))]
    return filename[len(max(roots, key=len).rstrip(_SEPARATORS)) + 1 :].replace("\\", "/") if roots else None


def _is_in_packages(below: str, packages: Iterable[str]) -> bool:
    return any(
        below.startswith(package.replace(".", "/") + "/") or below == package.replace(".", "/") + ".py"
        for package in packages
    )

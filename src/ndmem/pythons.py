"""Which Pythons ndmem supports, and why another one is refused.

The native core reads the interpreter's own frames, which differ between minor versions: a Python that was never tried
is refused before anything is read. The build asks the Python that it builds for by running this file, so the sentence
is the same at build time and at import. It imports only what is built into Python, and must run on Pythons that are
not supported.
"""

from __future__ import annotations

import _thread
import sys

OLDEST = (3, 11)
NEWEST = (3, 15)
SUPPORTED = f"CPython {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]} with the GIL"


def find_python_obstacle() -> str | None:
    """Return why ndmem cannot work in this interpreter, ``None`` if it can."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.implementation.name != "cpython":
        found = f"{sys.implementation.name} {version}"
    elif "t" in getattr(sys, "abiflags", ""):  # Windows has the attribute from 3.14 on
        found = f"a free-threaded CPython {version}"
    elif not OLDEST <= tuple(sys.version_info[:2]) <= NEWEST:
        found = f"CPython {version}"
    elif not getattr(_thread, "_is_main_interpreter", lambda: True)():  # from 3.12 on; on 3.11 the extensions refuse it
        return "ndmem needs the main interpreter, and this is a subinterpreter; import it in the main one"
    else:
        return None
    return f"ndmem needs {SUPPORTED}, and this is {found}; use one of those"


def check_python() -> None:
    """Refuse an interpreter that is not supported.

    Raises
    ------
    ImportError
        With what is supported and what was found.
    SystemExit
        Instead of it where this process is the command ``ndmem``, with the sentence on stderr: for an ImportError
        Python would print a traceback.
    """
    obstacle = find_python_obstacle()
    if obstacle is None:
        return
    if _is_command():
        sys.stderr.write(f"{obstacle}\n")
        raise SystemExit(2)
    raise ImportError(obstacle, name="ndmem")


def _is_command() -> bool:
    """Whether this process was started as ``ndmem``. While Python looks for the module of -m, argv begins with it."""
    first = (getattr(sys, "argv", None) or [""])[0]
    return first.rpartition("/")[2] == "ndmem" or (first == "-m" and "ndmem" in sys.orig_argv)


if __name__ == "__main__":
    sys.stdout.write(find_python_obstacle() or "")

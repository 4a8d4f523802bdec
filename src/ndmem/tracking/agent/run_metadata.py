"""The metadata of a run that a journal has and the native core does not know."""

from __future__ import annotations

import os
import sys

from ndmem.user_code import find_library_roots, is_user_code

# typing would load a dozen modules that a launched program may have of its own.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


def find_program() -> tuple[list[str], dict[str, str]]:
    """Return the program of this interpreter with its arguments, and the text of code that is in no file."""
    words = sys.orig_argv[1:]
    code = words[words.index("-c") + 1 :][:1] if "-c" in words else []
    return words, dict.fromkeys(["<string>"] if code else [], "".join(code))


def describe_run(
    program: Sequence[str] = (),
    sources: Mapping[str, str] | None = None,
    *,
    packages: Sequence[str] = (),
    program_packages: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the meta record of a journal, as JSON can hold it.

    Parameters
    ----------
    program : sequence of str
        The program and its arguments; empty for a ``track()`` block.
    sources : mapping of str to str, optional
        Text of code that is in no file.
    packages : sequence of str
        Installed packages that are the user's.
    program_packages : sequence of str
        Those that the command line names, see `find_user_files`.
    """
    return {
        "program": list(program),
        "python": ".".join(map(str, sys.version_info[:3])),
        "numpy": getattr(sys.modules.get("numpy"), "__version__", None),
        "library_roots": find_library_roots(),
        "packages": list(packages),
        "program_packages": list(program_packages),
        "sources": dict(sources or {}),
        "notes": _find_foreign_handler(),
    }


def _find_foreign_handler() -> list[str]:
    """Return a note if another memory handler is set here: its arrays do not pass through NumPy's default."""
    try:
        name = sys.modules["numpy"]._core.multiarray.get_handler_name()
    except (KeyError, AttributeError):  # no NumPy, or a module of the program with that name
        return []
    if name == "default_allocator":
        return []
    return [f"Arrays allocated by the memory handler {name!r} are not in this report: it replaces NumPy's own."]


def _read_message(error: MemoryError) -> str:
    """Return an error's text; empty for a class that is not of Python, NumPy or ndmem, whose code must not run."""
    home = type(error).__module__
    is_known = type(home) is str and home.partition(".")[0] in ("builtins", "numpy", "ndmem")
    return str(error) if is_known else ""


def describe_refusal() -> dict[str, Any] | None:
    """Return the `MemoryError` for which Python has just printed a traceback, ``None`` if there is none.

    Python stores the error there before it calls the functions of ``atexit``.
    """
    error = getattr(sys, "last_value", None)
    if not isinstance(error, MemoryError):
        return None
    frames, step = [], error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        if not _is_of_cython(code.co_filename):
            frames.append((code.co_filename, step.tb_lineno or 0, code.co_name))
        step = step.tb_next
    roots = find_library_roots()
    own = [frame for frame in frames if is_user_code(frame[0], roots)] or frames
    filename, lineno, function = own[-1] if own else ("", 0, "")
    return {"message": _read_message(error), "filename": filename, "lineno": lineno, "function": function}


def _is_of_cython(filename: str) -> bool:
    """Whether a frame of a traceback is made up by a compiled library, whose source has no place here."""
    return filename.endswith((".pyx", ".pxd", ".pxi")) and not os.path.isabs(filename)  # noqa: PTH117  # a slow import


def find_resident_peak() -> int | None:
    """Return the kernel's high-water mark of this process's resident memory, ``None`` where that is unknown.

    The figure that ``wait`` returns for a process also counts the memory of its launcher before the exec.
    """
    return find_resident()[1]


def find_resident() -> tuple[int | None, int | None]:
    """Return the resident bytes of this process, now and at their highest; ``None`` where they are unknown."""
    found: dict[bytes, int] = {}
    try:
        # Not by open(): from Python 3.14 on its buffer is a block of 128 KiB, which would be in the record.
        descriptor = os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)
        try:
            lines = os.read(descriptor, 8192).split(b"\n")
        finally:
            os.close(descriptor)
        for line in lines:
            name, _, rest = line.partition(b":")
            if name in (b"VmRSS", b"VmHWM"):
                found[name] = int(rest.split()[0]) * 1024
    except OSError:  # a system without /proc
        from ndmem import _native

        return _native.resident()
    except (ValueError, IndexError):
        pass
    return found.get(b"VmRSS"), found.get(b"VmHWM")

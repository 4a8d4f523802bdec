"""Find the program that a user names: a script, a module, or a text."""

import os
import re
import shlex
from pathlib import Path
from typing import NoReturn

import click

from ndmem.file_kind import NO_PROGRAMS, identify_file


def find_program(module: str | None, code: str | None, arguments: tuple[str, ...]) -> tuple[list[str], str]:
    """Return the arguments of ``python``, and a name for the trace's file.

    Raises
    ------
    click.UsageError
        If none is named, or what is named is not a program.
    """
    if module is not None and code is not None:
        raise click.UsageError("-m and -c exclude each other; pass one of them")
    if module is not None:
        return ["-m", module, *arguments], module
    if code is not None:
        return ["-c", code, *arguments], "code"
    if not arguments:
        raise click.UsageError("no program given; write for example: ndmem run program.py")
    script = Path(arguments[0])
    if not arguments[0] or not script.exists():
        _refuse_missing(arguments)
    if script.is_dir() and not (script / "__main__.py").exists():
        raise click.UsageError(f"{arguments[0]!r} is a folder without a __main__.py; name a program in it")
    if script.is_file() and (kind := identify_file(script)) in NO_PROGRAMS:
        advice = kind.advise(arguments[0]) or _leave_python_out(arguments)
        raise click.UsageError(f"{arguments[0]!r} is {kind.name}, not a Python program; {advice}")
    # Python would take a script that begins with - for an option, and has no `--` to prevent that.
    first = os.path.join(".", arguments[0]) if arguments[0].startswith("-") else arguments[0]  # noqa: PTH118  # Path drops "./"
    return [first, *arguments[1:]], script.name or "program"


def _refuse_missing(arguments: tuple[str, ...]) -> NoReturn:
    """Say that there is no such program; a command in quotes, or one that begins with `python`, is told apart."""
    from .file_error import advise_path  # only for an error

    words = (*arguments[0].split(), *arguments[1:])
    is_command = bool(words) and (_is_python(words[0]) or (len(words) > len(arguments) and Path(words[0]).exists()))
    advice = _leave_python_out(words) if is_command else advise_path(Path(arguments[0]))
    raise click.UsageError(f"can't open {arguments[0]!r}: no such file; {advice}")


def _is_python(word: str) -> bool:
    return re.fullmatch(r"python[0-9.]*", os.path.basename(word)) is not None  # noqa: PTH119  # a word, not a path


def _leave_python_out(words: tuple[str, ...]) -> str:
    """Write the command without `python`, which ndmem run starts itself."""
    if not _is_python(words[0]):
        plain = shlex.join(["ndmem", "run", *words])
        return f"write it without quotes: {plain}" if len(words) > 1 else "name a .py file"
    rest = words[1:] or ("program.py",)
    return f"ndmem run starts Python itself; write: {shlex.join(['ndmem', 'run', *rest])}"

"""Detect whether a program that is about to be executed is a Python that can track itself."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Options that keep PYTHONPATH or sitecustomize, and ndmem with it, out of an interpreter.
_ISOLATING = frozenset("IES")


def find_program(names: Sequence[str], folder: str | None) -> str | None:
    """Return the first of several paths that can be executed, as execve would try them from a working folder."""
    for name in names:
        path = os.path.join(folder, name) if folder else name  # noqa: PTH118  # pathlib costs 5 ms of every start
        if os.path.isfile(path) and os.access(path, os.X_OK):  # noqa: PTH113  # pathlib costs 5 ms of every start
            return path
    return None


def is_open_python(path: str, words: Sequence[str]) -> bool:
    """Whether a program is an interpreter, or a script that names one, which will import ``sitecustomize``.

    Parameters
    ----------
    path : str
        Path of the file that is executed.
    words : sequence of str
        The arguments, the program's name first.
    """
    if _is_named_python(path) or os.path.realpath(path) == os.path.realpath(sys.executable):
        return not _is_isolated(words[1:])
    command = _read_shebang(path)
    return bool(command) and _is_named_python(command[0]) and not _is_isolated(command[1:])


def _is_named_python(path: str) -> bool:
    name = os.path.basename(path)  # noqa: PTH119  # no pathlib
    return name.startswith("python") and name[6:].strip("0123456789.d") == "" and not name.startswith("python2")


def _read_shebang(path: str) -> list[str]:
    """Return the interpreter in a script's first line, and its options; empty if the file is not a script."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # no pathlib
            start = file.read(512)
    except OSError:
        return []
    if not start.startswith(b"#!"):
        return []
    words = os.fsdecode(start[2:].split(b"\n")[0]).split()
    if words and os.path.basename(words[0]) == "env":  # noqa: PTH119  # no pathlib
        words = [word for word in words[1:] if "=" not in word and word != "-S"]
    return words


def _is_isolated(words: Sequence[str]) -> bool:
    """Whether the options at the start of an interpreter's arguments keep ndmem out."""
    rest = iter(words)
    for word in rest:
        if not word.startswith("-") or word == "-":
            return False
        if word.startswith("--"):
            continue
        for position, letter in enumerate(word[1:], 2):
            if letter in _ISOLATING:
                return True
            if letter in "mc":
                return False
            if letter in "WX":  # its value is the rest of the word, or the next one
                if position == len(word):
                    next(rest, None)
                break
    return False

"""Write the difference of two texts of a file as a unified diff that ``patch -p1`` and ``git apply`` accept."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import PurePath

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
"""A line as ``patch`` counts them; a carriage return before the line feed is a character of the line."""

_QUOTED = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f",
           "\v": "\\v"}  # fmt: skip


def write_unified_diff(old: str, new: str, path: PurePath, encoding: str) -> bytes:
    """Write the difference of two texts of a file; nothing if they are equal.

    Parameters
    ----------
    old, new : str
        The texts, with their line ends.
    path : PurePath
        The file, relative to the folder in which the patch is applied.
    encoding : str
        How the texts are written as bytes.
    """
    name = path.as_posix()
    lines = list(difflib.unified_diff(_LINE.findall(old), _LINE.findall(new)))[2:]
    if not lines:
        return b""
    head = f"--- {_write_name(f'a/{name}')}\n+++ {_write_name(f'b/{name}')}\n"
    body = [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines]
    return os.fsencode(head) + "".join(body).encode(encoding)


def _write_name(name: str) -> str:
    """Write a name as `git diff` does: quoted as in C if it needs that, and with a tab behind a name with spaces."""
    if any(char in _QUOTED or ord(char) < ord(" ") or ord(char) == 0x7F for char in name):
        return '"' + "".join(_QUOTED.get(char, char if char.isprintable() else _octal(char)) for char in name) + '"'
    return f"{name}\t" if " " in name else name


def _octal(char: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogateescape"))

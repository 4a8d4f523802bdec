"""Parts of file names, of any system: a trace may come from another one than the reader's."""

from __future__ import annotations

import re

_SEPARATORS = re.compile(r"[/\\]")


def base_name(filename: str) -> str:
    """Return the last part of a path."""
    return _SEPARATORS.split(filename)[-1] or filename


def folder_name(filename: str) -> str:
    """Return the path of the folder that a file is in; an empty text for a name without a folder."""
    ends = [match.start() for match in _SEPARATORS.finditer(filename)]
    return filename[: ends[-1]] if ends else ""


def path_parts(filename: str) -> list[str]:
    """Return the parts of a path, from the root to the name; the first is empty if it begins at the root."""
    return _SEPARATORS.split(filename)

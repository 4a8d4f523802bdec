"""Compare what two runs printed."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from ndmem.model.trial import Difference

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST = 100


def first_difference(before: Path, after: Path) -> Difference | None:
    """Return the first line in which two files differ; ``None`` if they are equal."""
    with before.open("rb") as old, after.open("rb") as new:
        for lineno, (was, now) in enumerate(itertools.zip_longest(old, new), 1):
            if was != now:
                return Difference(lineno, _shorten(was), _shorten(now))
    return None


def _shorten(line: bytes | None) -> str | None:
    if line is None:
        return None
    text = line.decode("utf-8", "replace").rstrip("\r\n")
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"

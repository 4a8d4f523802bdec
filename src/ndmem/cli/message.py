"""What the command line says of itself: one line on stderr."""

from __future__ import annotations

import contextlib
import sys


def say(message: str) -> None:
    """Write one line to stderr, whatever characters a name in it has.

    Where stderr cannot be written nobody can be told.
    """
    line = " ".join(f"ndmem: {message}".split())
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in line)
    encoding = sys.stderr.encoding or "utf-8"
    with contextlib.suppress(OSError):
        sys.stderr.write(shown.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        sys.stderr.flush()

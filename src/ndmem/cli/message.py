"""Messages of the command line: one line on stderr."""

import contextlib
import sys
from pathlib import Path

from ndmem.units import format_nbytes


def say(message: str) -> None:
    """Write one line to stderr, with unprintable characters escaped. If stderr cannot be written, do nothing."""
    line = " ".join(f"ndmem: {message}".split())
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in line)
    encoding = sys.stderr.encoding or "utf-8"
    with contextlib.suppress(OSError):
        sys.stderr.write(shown.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        sys.stderr.flush()


def say_written(file: Path) -> None:
    """Say which file was written, and its size."""
    say(f"wrote {file} ({format_nbytes(file.stat().st_size)})")

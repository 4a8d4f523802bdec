"""Messages of the command line: one line on stderr."""

import contextlib
import sys


def say(message: str) -> None:
    """Write one line to stderr, with unprintable characters escaped. If stderr cannot be written, do nothing."""
    line = " ".join(f"ndmem: {message}".split())
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in line)
    encoding = sys.stderr.encoding or "utf-8"
    with contextlib.suppress(OSError):
        sys.stderr.write(shown.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        sys.stderr.flush()

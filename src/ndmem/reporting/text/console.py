"""A console that text is printed on: as wide as the terminal, in the encoding of the stream."""

from __future__ import annotations

from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from ndmem.reporting.plain import encodable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

NARROWEST = 60
"""Columns below which a table of figures cannot be read: the terminal then wraps it."""


@contextmanager
def printing_to(stream: IO[str], width: int | None) -> Iterator[Console]:
    """Open a console whose output goes to the stream at the end, in the stream's encoding and without trailing spaces.

    Parameters
    ----------
    stream : text stream
        Destination; it gets colours only if it is a terminal and ``NO_COLOR`` is not set.
    width : int or None
        Columns; those of the terminal, or 80, if not given.
    """
    from rich.console import Console

    # The program's texts are printed as they are: no markup, no emoji, no highlighting.
    # In a notebook rich would display HTML instead of writing to the stream.
    console = Console(file=stream, width=width, markup=False, emoji=False, highlight=False, force_jupyter=False)
    console.width = max(console.width, NARROWEST)
    with console.capture() as capture:
        yield console
    text = "".join(f"{line.rstrip()}\n" for line in capture.get().rstrip().split("\n"))
    stream.write(encodable(text, getattr(stream, "encoding", None)))

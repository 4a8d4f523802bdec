"""The line-by-line profile of a function, beside its source."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ndmem.units import format_nbytes

from .plain import encodable

if TYPE_CHECKING:
    from ndmem.model.profile import FunctionProfile, ProfiledLine

_WIDTH = 11
_HEADINGS = ("Line", "Count", "Peak", "Temporary", "Net")


def write_profile(profile: FunctionProfile, stream: IO[str]) -> None:
    """Write a profile.

    Peak is the most that was alive while the line ran, Temporary what one execution had only for itself, Net what
    all executions added; each counts array bytes from the start of the call.

    Parameters
    ----------
    profile : FunctionProfile
        The profile.
    stream : text stream
        Where to.

    Raises
    ------
    OSError
        If the stream cannot be written.
    """
    place = f"{_shorten(profile.filename)}:{profile.first_line}"
    title = f"{profile.function} at {place}, peak {format_nbytes(profile.peak_nbytes)}"
    lines = [title, _join(_HEADINGS, "Source")]
    executed = {line.lineno: line for line in profile.lines}
    source = dict(enumerate(profile.source, profile.first_line))
    lines += [
        _join(_figures(lineno, executed.get(lineno)), _visible(source.get(lineno, "")))
        for lineno in sorted({*source, *executed})
    ]
    stream.write(encodable("\n".join(line.rstrip() for line in lines) + "\n\n", getattr(stream, "encoding", None)))
    stream.flush()


def _figures(lineno: int, line: ProfiledLine | None) -> tuple[str, ...]:
    if line is None:
        return (str(lineno), "", "", "", "")
    nbytes = (line.peak_nbytes, line.temporary_nbytes, line.net_nbytes)
    return (str(lineno), f"{line.count:,}", *(format_nbytes(n) if n else "-" for n in nbytes))


def _join(figures: tuple[str, ...], source: str) -> str:
    lineno, *rest = figures
    return f"{lineno:>6}{''.join(f'{text:>{_WIDTH}}' for text in rest)}  {source}"


def _visible(source: str) -> str:
    """Keep the indentation, which is meaning here, and escape what a terminal would obey."""
    text = source.expandtabs(4)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _shorten(filename: str) -> str:
    try:
        short = os.path.relpath(filename)
    except ValueError:  # another drive
        return filename
    return filename if short.startswith("..") or not Path(filename).is_absolute() else short

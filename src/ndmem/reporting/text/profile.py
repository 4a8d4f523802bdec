"""Line-by-line profile of a function, beside its source."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from ndmem.notebook_cells import name_cell
from ndmem.reporting.plain import encodable
from ndmem.reporting.relative_path import shorten_path
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from ndmem.model.profile import FunctionProfile, ProfiledLine

_WIDTH = 11
_HEADINGS = ("Line", "Count", "Peak", "Temporary", "Net")


def write_profile(profile: FunctionProfile, stream: IO[str]) -> None:
    """Write a profile.

    Peak is the highest live bytes while the line ran, Temporary the most that one execution allocated and freed, Net
    what all executions allocated less what they freed; all count array bytes from the start of the call.

    Parameters
    ----------
    profile : FunctionProfile
        The profile.
    stream : text stream
        Destination.

    Raises
    ------
    OSError
        If the stream cannot be written.
    """
    place = f"{shorten_path(name_cell(profile.filename))}:{profile.first_line}"
    title = f"{profile.function} at {place}, peak {format_nbytes(profile.peak_nbytes)}"
    lines = [title, _join_columns(_HEADINGS, "Source")]
    executed = {line.lineno: line for line in profile.lines}
    source = dict(enumerate(profile.source, profile.first_line))
    lines += [
        _join_columns(_write_cells(lineno, executed.get(lineno)), _escape_source(source.get(lineno, "")))
        for lineno in sorted({*source, *executed})
    ]
    stream.write(encodable("\n".join(line.rstrip() for line in lines) + "\n\n", getattr(stream, "encoding", None)))
    stream.flush()


def _write_cells(lineno: int, line: ProfiledLine | None) -> tuple[str, ...]:
    if line is None:
        return (str(lineno), "", "", "", "")
    nbytes = (line.peak_nbytes, line.temporary_nbytes, line.net_nbytes)
    return (str(lineno), f"{line.count:,}", *(format_nbytes(n) if n else "-" for n in nbytes))


def _join_columns(figures: tuple[str, ...], source: str) -> str:
    lineno, *rest = figures
    return f"{lineno:>6}{''.join(f'{text:>{_WIDTH}}' for text in rest)}  {source}"


def _escape_source(source: str) -> str:
    """Keep the indentation of a source line, and escape the characters that control a terminal."""
    text = source.expandtabs(4)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)

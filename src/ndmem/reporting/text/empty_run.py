"""Report of a run without arrays, in one sentence; written without importing NumPy and rich."""

from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING

from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from typing import IO

_USUAL_WIDTH, _NARROWEST = 80, 60


def write_empty_run(
    stream: IO[str],
    *,
    imported_numpy: bool,
    native_peak_nbytes: int | None,
    rss_peak_nbytes: int | None,
    exit_status: int = 0,
) -> None:
    """Write the report of a program without arrays.

    Parameters
    ----------
    stream : text stream
        Destination.
    imported_numpy : bool
        Whether it imported NumPy.
    native_peak_nbytes : int or None
        Highest live bytes of native blocks; ``None`` if they were not tracked.
    rss_peak_nbytes : int or None
        Highest resident bytes; ``None`` if they were not measured.
    exit_status : int
        Its exit status; 0 is not written.
    """
    sentence = empty_sentence(
        imported_numpy=imported_numpy, native_peak_nbytes=native_peak_nbytes, rss_peak_nbytes=rss_peak_nbytes,
        exit_status=exit_status,
    )  # fmt: skip
    write_wrapped(sentence, stream)


def empty_sentence(
    *, imported_numpy: bool, native_peak_nbytes: int | None, rss_peak_nbytes: int | None, exit_status: int = 0
) -> str:
    """Return the report of a program without arrays in one line; the arguments are those of `write_empty_run`."""
    parts = ["no array was allocated" if imported_numpy else "the program never imported NumPy"]
    if native_peak_nbytes:
        parts.append(f"native memory at most {format_nbytes(native_peak_nbytes)}")
    if rss_peak_nbytes is not None:
        parts.append(f"resident memory at most {format_nbytes(rss_peak_nbytes)}")
    status = f" (exit status {exit_status})" if exit_status > 0 else ""
    return f"No array memory{status}: {'; '.join(parts)}."


def write_wrapped(sentence: str, stream: IO[str]) -> None:
    """Write a sentence in lines as wide as the stream's terminal."""
    stream.write("\n".join(textwrap.wrap(sentence, _find_width(stream), break_on_hyphens=False)) + "\n")


def _find_width(stream: IO[str]) -> int:
    """Return the columns that rich would choose for the full report."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns):
        return max(int(columns), _NARROWEST)
    try:
        width = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError, AttributeError):
        width = _USUAL_WIDTH
    return max(width or _USUAL_WIDTH, _NARROWEST)

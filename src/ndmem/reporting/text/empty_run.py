"""Report of a run without any recorded event, written without importing NumPy and rich.

It has the sentences of the full report, except the headroom and the lines of a little native memory.
"""

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
    duration_s: float,
    native_threshold: int,
    native_peak_nbytes: int,
    rss_peak_nbytes: int | None,
) -> None:
    """Write the report of a program that never imported NumPy.

    Parameters
    ----------
    stream : text stream
        Destination.
    duration_s : float
        How long the program ran.
    native_threshold : int
        Smallest native block that would have been recorded; 0 if they were not tracked.
    native_peak_nbytes : int
        Highest live bytes of native blocks.
    rss_peak_nbytes : int or None
        Highest resident bytes; ``None`` if they were not measured.
    """
    lines = ["No array memory: the program never imported NumPy."]
    smallest = format_nbytes(native_threshold)
    if native_peak_nbytes:
        most = format_nbytes(native_peak_nbytes)
        lines.append(f"Native memory: at most {most}, in blocks of {smallest} or more.")
    elif native_threshold:
        lines.append(f"No native memory: no block of {smallest} or more was allocated besides the arrays.")
    lines.append(f"{duration_s:.3g} s tracked.")
    if rss_peak_nbytes is not None:
        lines += [
            "",
            f"Resident memory: at most {format_nbytes(rss_peak_nbytes)}, including the interpreter and its libraries.",
        ]
    width = _find_width(stream)
    for line in lines:
        stream.write("\n".join(textwrap.wrap(line, width, break_on_hyphens=False)) + "\n")


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

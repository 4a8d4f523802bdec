"""Native memory of one process in a sentence: how much, and which line allocated most of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.answer.total import find_total
from ndmem.units import format_nbytes

from .brevity import LONGEST, matters, shorten
from .places import place_text, write_reached

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndmem.analysis.answer.total import Share, TotalAnswer
    from ndmem.analysis.index import TraceIndex


def write_native(index: TraceIndex, name_file: Callable[[str], str], process: str) -> str:
    """Write the sentence about the total peak of one process, of which native memory is the larger part.

    Parameters
    ----------
    index : TraceIndex
        The process, with native memory tracked.
    name_file : callable
        Returns the name to show for a file.
    process : str
        Words for a process that is not the program itself, with a leading space.
    """
    answer = find_total(index)
    assert answer is not None  # the caller has checked it
    is_all = not matters(answer.array_nbytes, answer.nbytes)
    part = "all of it" if is_all else format_nbytes(answer.native_nbytes)
    largest = next((share for share in answer.shares if share.is_own), None)
    is_most = largest is not None and 2 * largest.nbytes >= answer.nbytes
    most = _write_share(largest, name_file) if largest is not None and is_most else _write_scattered(answer)
    own = largest.site if largest is not None and is_most else None
    reached = write_reached(answer.site, answer.function, answer.phase, own, name_file)
    return f"Peak {format_nbytes(answer.nbytes)}{process}: {part} is native memory, not in arrays{most}{reached}"


def _write_scattered(answer: TotalAnswer) -> str:
    """Write what most of the native memory is, where no line of the program allocated half of the peak."""
    first = answer.shares[0] if answer.shares else None
    most = f", {format_nbytes(first.nbytes)} of it {first.text}" if first is not None and not first.is_code else ""
    line = answer.line_nbytes
    return f"{most}; no line allocated more than {format_nbytes(line)} of it" if line else most


def _write_share(share: Share, name_file: Callable[[str], str]) -> str:
    if share.site is None:
        return f", {format_nbytes(share.nbytes)} of it {share.text}"
    code = f" `{shorten(share.text, LONGEST)}`" if share.is_code else ""
    return f", {format_nbytes(share.nbytes)} of it allocated{place_text(share.site, None, name_file)}{code}"

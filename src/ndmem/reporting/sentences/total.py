"""Total peak in one sentence, after the answer: arrays and native memory together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.answer.kind import Kind
from ndmem.analysis.answer.phase import Phase
from ndmem.analysis.answer.subject import find_subject
from ndmem.analysis.answer.total import find_total
from ndmem.analysis.file_names import base_name
from ndmem.analysis.moment import Moment
from ndmem.model.native_reach import NativeReach
from ndmem.units import format_nbytes

from .arrays import write_arrays
from .brevity import LONGEST, shorten
from .places import PHASES, place_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ndmem.analysis.answer.total import Share, TotalAnswer
    from ndmem.analysis.index import TraceIndex

_NAMED = 2
"""Origins of native blocks that a sentence names at most."""

_WORTH_NAMING = 20
"""A sentence names an origin that has at least this part of the total; the number is its denominator."""


def total_sentence(
    index: TraceIndex, moment: Moment = Moment.PEAK, *, name_file: Callable[[str], str] = base_name
) -> str | None:
    """Write in one sentence how much a run had in arrays and native memory together.

    Where the answer is not about NumPy's own arrays, this sentence is. It is about the same process.

    Parameters
    ----------
    index : TraceIndex
        The run.
    moment : Moment
        The total peak, which need not be at the moment of the arrays' peak; or the end.
    name_file : callable
        Returns the name to show for a file; by default the last part of its path.

    Returns
    -------
    str or None
        Such as ``Including native (non-array) memory: 76 MiB at svd.py:4 in factor, 16 MiB of arrays and 60 MiB native
        (48 MiB by `np.linalg.svd(a)`)``; ``None`` if native memory was not tracked, or there were no arrays.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    subject = find_subject(index, moment)
    index = subject.index
    trace, answer = index.trace, find_total(index, moment)
    if not trace.peak.nbytes:
        return None
    if subject.kind is not Kind.ARRAYS:
        return write_arrays(index, moment, name_file, head="Arrays alone peak at")
    if answer is None or trace.native is None or trace.run.native_threshold is None:
        return None
    if not trace.native.nbytes:
        if trace.run.native_reach is NativeReach.PYTHON:  # other native memory was not seen
            return None
        smallest = format_nbytes(trace.run.native_threshold)
        return f"No native memory: no block of {smallest} or more was allocated besides the arrays"
    when = " at the end" if moment is Moment.END else _write_place(answer, name_file)
    parts = f"{format_nbytes(answer.nbytes)}{when}, {_write_composition(answer)}" if answer.nbytes else f"nothing{when}"
    return f"Including native (non-array) memory: {parts}"


def _write_place(answer: TotalAnswer, name_file: Callable[[str], str]) -> str:
    if answer.phase is Phase.PROGRAM:
        return place_text(answer.site, answer.function, name_file)
    return f" {PHASES[answer.phase]}"


def _write_composition(answer: TotalAnswer) -> str:
    kinds = [(answer.array_nbytes, "of arrays"), (answer.foreign_nbytes, "in arrays over other memory")]
    parts = write_parts([*kinds, (answer.native_nbytes, "native")])
    if not answer.native_nbytes:
        return parts if answer.foreign_nbytes else "none of it native"
    named = [share for share in answer.shares[:_NAMED] if share.nbytes * _WORTH_NAMING >= answer.nbytes]
    return f"{parts} ({', '.join(map(_write_share, named))})" if named else parts


def write_parts(kinds: Sequence[tuple[int, str]]) -> str:
    """Write what memory consists of; ``all of it native`` if there is one kind."""
    found = [(nbytes, words) for nbytes, words in kinds if nbytes]
    if len(found) == 1:
        return f"all of it {found[0][1]}"
    texts = [f"{format_nbytes(nbytes)} {words}" for nbytes, words in found]
    return f"{', '.join(texts[:-1])} and {texts[-1]}"


def _write_share(share: Share) -> str:
    origin = f"by `{shorten(share.text, LONGEST)}`" if share.is_code else share.text
    return f"{format_nbytes(share.nbytes)} {origin}"

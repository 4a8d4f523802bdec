"""The total peak in one sentence: what a process had with its native work memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.units import format_nbytes

from .moment import Moment
from .sentence import LONGEST, file_name, place_text, shorten
from .total import find_total

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndmem.model.trace import Trace

    from .total import Share, TotalAnswer

_NAMED = 2
"""How many makers of native blocks a sentence can name and still be read."""

_WORTH_NAMING, _WORTH_SHOWING = 20, 10
"""The parts of the total, as denominators, from which on a sentence names a maker, and tables show native memory."""


def native_matters(trace: Trace) -> bool:
    """Say whether a run's native memory is worth a column, a table and a composition.

    It is from a tenth of the total peak up. Below that it is an interpreter's own memory for the most part, its
    tables push the arrays out of sight, and the sentence has its sum.
    """
    if trace.native is None or trace.total is None:
        return False
    return trace.native.nbytes > 0 and trace.native.nbytes * _WORTH_SHOWING >= trace.total.nbytes


def total_sentence(
    trace: Trace, moment: Moment = Moment.PEAK, *, name_file: Callable[[str], str] = file_name
) -> str | None:
    """Say in one sentence what a run had with its native work memory.

    Parameters
    ----------
    trace : Trace
        The run.
    moment : Moment
        The total peak, which need not be at the moment of the arrays' peak; or the end.
    name_file : callable
        How a file is named; its last part, if not given.

    Returns
    -------
    str or None
        Such as ``With native work memory 76 MiB at svd.py:4 in factor: 16 MiB of arrays and 60 MiB native (48 MiB
        by `np.linalg.svd(a)`)``; ``None`` where native memory was not watched.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    answer = find_total(trace, moment)
    if answer is None or trace.native is None or trace.run.native_threshold is None:
        return None
    if not trace.native.nbytes:
        smallest = format_nbytes(trace.run.native_threshold)
        return f"No native work memory: no block of {smallest} or more was allocated beside the arrays"
    place = place_text(answer.site, answer.function, name_file)
    when = " at the end" if moment is Moment.END else place
    return f"With native work memory {format_nbytes(answer.nbytes)}{when}: {_composition(answer)}"


def _composition(answer: TotalAnswer) -> str:
    """Say how much was arrays, how much native, and what made most of the latter."""
    if not answer.native_nbytes:
        return "none of it native"
    arrays, native = format_nbytes(answer.array_nbytes), format_nbytes(answer.native_nbytes)
    parts = f"{arrays} of arrays and {native} native" if answer.array_nbytes else "all of it native"
    named = [share for share in answer.shares[:_NAMED] if share.nbytes * _WORTH_NAMING >= answer.nbytes]
    return f"{parts} ({', '.join(map(_write_share, named))})" if named else parts


def _write_share(share: Share) -> str:
    """Write what one thing made."""
    made = f"by `{shorten(share.text, LONGEST)}`" if share.is_code else share.text
    return f"{format_nbytes(share.nbytes)} {made}"

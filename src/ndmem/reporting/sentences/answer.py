"""Answer of a run in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.answer import find_answer
from ndmem.analysis.file_names import base_name
from ndmem.analysis.moment import Moment
from ndmem.model.trace import Origin
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndmem.analysis.answer import Answer, Largest
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.site import Site

LONGEST = 48
"""Most characters of an expression in a sentence."""


_NAMES = 2
"""Holders that a sentence names at most."""


def answer_sentence(
    index: TraceIndex, moment: Moment = Moment.PEAK, *, name_file: Callable[[str], str] = base_name
) -> str:
    """Write in one sentence how much memory a run used, where, and in which arrays.

    Parameters
    ----------
    index : TraceIndex
        The run.
    moment : Moment
        The peak or the end.
    name_file : callable
        Returns the name to show for a file; by default the last part of its path.

    Returns
    -------
    str
        Such as ``Peak 635 MiB at pipeline.py:42 in normalise: 3 arrays of 200 MiB, including one temporary of
        `x - mean` ``.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    trace, answer = index.trace, find_answer(index, moment)
    run, predicted = trace.run, trace.origin is Origin.PREDICTED
    if not trace.peak.nbytes:
        return "No array memory" + (
            ": the program never imported NumPy" if run.numpy is None else ": no array was allocated"
        )
    if answer.moment is Moment.END:
        if not answer.nbytes:
            return f"Nothing is alive at the end; the peak was {format_nbytes(trace.peak.nbytes)}"
        head = f"{format_nbytes(answer.nbytes)} alive at the end"
    else:
        head = f"{'Predicted peak' if predicted else 'Peak'} {format_nbytes(answer.nbytes)}"
    place = place_text(answer.site, answer.function, name_file)
    arrays = _write_arrays(answer, run.threshold, trace.dropped)
    return f"{head}{place}: {arrays}{_write_elsewhere(answer.elsewhere, name_file)}"


def place_text(site: Site | None, function: str | None, name_file: Callable[[str], str]) -> str:
    """Write a place with a leading space; an empty text if it is unknown."""
    if site is None or not site.filename:
        return ""
    line = f":{site.lineno}" if site.lineno else ""
    where = "" if function in {None, "<module>"} else f" in {function}"
    return f" at {name_file(site.filename)}{line}{where}"


def describe_arrays(index: TraceIndex, moment: Moment) -> str:
    """Write the arrays that hold the live bytes of a moment: ``3 arrays of 200 MiB; 1.2 MiB in other arrays``."""
    return _write_arrays(find_answer(index, moment), index.trace.run.threshold, index.trace.dropped)


def _write_arrays(answer: Answer, threshold: int, dropped: int) -> str:
    small = (
        f"unknown arrays ({dropped:,} events were dropped)"
        if dropped
        else f"arrays smaller than {format_nbytes(threshold)}"
    )
    arrays = answer.arrays
    if not arrays.count:
        return f"all of it in {small}"
    if answer.groups:
        parts = [_count_arrays(answer.groups[0].count, answer.groups[0].nbytes)]
        parts += [f"{group.count:,} of {format_nbytes(group.nbytes)}" for group in answer.groups[1:]]
    else:
        parts = [f"{arrays.count:,} arrays of up to {format_nbytes(arrays.nbytes)}"]
    text = " and ".join(parts) + _write_temporaries(answer)
    rest_count = arrays.count - sum(group.count for group in answer.groups)
    rest = answer.nbytes - sum(group.total_nbytes for group in answer.groups)
    if answer.groups and rest_count and matters(rest, answer.nbytes):
        return f"{text}; {format_nbytes(rest)} in other arrays"
    if matters(answer.small_nbytes, answer.nbytes):
        return f"{text}; {format_nbytes(answer.small_nbytes)} in {small}"
    return text


def matters(nbytes: int, total: int) -> bool:
    """Tell whether a figure changes the three digits of the total that are shown; sentences leave out smaller ones."""
    return nbytes * 200 >= total


def _write_elsewhere(largest: Largest | None, name_file: Callable[[str], str]) -> str:
    """Write which other line allocated most of the peak, or that none did."""
    if largest is None:
        return ""
    if not largest.is_most:
        return f"; no line allocated more than {format_nbytes(largest.nbytes)} of it"
    by = f" by `{shorten(largest.expression, LONGEST)}`" if largest.expression else ""
    names = [f"`{shorten(name, LONGEST)}`" for name in largest.holders[:_NAMES]]
    others = " and others" if len(largest.holders) > _NAMES else ""
    held = f", held by {' and '.join(names)}{others}" if names else ""
    place = place_text(largest.site, None, name_file)
    return f"; {format_nbytes(largest.nbytes)} of it allocated{place}{by}{held}"


def _count_arrays(count: int, nbytes: int) -> str:
    return f"{'one array' if count == 1 else f'{count:,} arrays'} of {format_nbytes(nbytes)}"


def _write_temporaries(answer: Answer) -> str:
    """Write how many of the arrays are temporaries, with at most two of their expressions."""
    count, expressions = answer.temporaries.count, answer.temporaries.expressions
    if not count:
        return ""
    named = " and ".join(f"`{shorten(text, LONGEST)}`" for text in expressions[:2])
    of = f" of {named}" if named else ""
    more = " and others" if len(expressions) > 2 else ""
    of_all = sum(group.count for group in answer.groups) or answer.arrays.count
    if of_all == 1:
        return f", a temporary{of}"
    if count == of_all:
        return f", all temporaries{of}{more}"
    return f", including {'one temporary' if count == 1 else f'{count:,} temporaries'}{of}{more}"


def shorten(text: str, longest: int) -> str:
    """Cut a text to at most ``longest`` characters, the last one an ellipsis if any is lost."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"

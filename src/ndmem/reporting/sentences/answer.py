"""The answer of a run in one sentence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ndmem.model.trace import Origin
from ndmem.units import format_nbytes

from .answer import find_answer
from .moment import Moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndmem.model.site import Site
    from ndmem.model.trace import Trace

    from .answer import Answer

LONGEST = 48
"""Characters of an expression that a sentence can carry."""


def file_name(filename: str) -> str:
    """Return the last part of a path, of any system."""
    return re.split(r"[/\\]", filename)[-1] or filename


def answer_sentence(trace: Trace, moment: Moment = Moment.PEAK, *, name_file: Callable[[str], str] = file_name) -> str:
    """Say in one sentence what a run's memory is.

    Parameters
    ----------
    trace : Trace
        The run.
    moment : Moment
        The peak or the end.
    name_file : callable
        How a file is named; its last part, if not given.

    Returns
    -------
    str
        Such as ``Peak 635 MiB at pipeline.py:42 in normalise: 3 arrays of 200 MiB, one of them a temporary of
        `x - mean` ``.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    answer = find_answer(trace, moment)
    run, predicted = trace.run, trace.origin is Origin.PREDICTED
    if not trace.peak.nbytes:
        return "No array memory" + (
            ": the program never imported NumPy" if run.numpy is None else ": no array was made while it ran"
        )
    if answer.moment is Moment.END:
        if not answer.nbytes:
            return f"Nothing is alive at the end; the peak was {format_nbytes(trace.peak.nbytes)}"
        head = f"{format_nbytes(answer.nbytes)} alive at the end"
    else:
        head = f"{'Predicted peak' if predicted else 'Peak'} {format_nbytes(answer.nbytes)}"
    place = place_text(answer.site, answer.function, name_file)
    return f"{head}{place}: {_composition(answer, run.threshold, trace.dropped)}"


def place_text(site: Site | None, function: str | None, name_file: Callable[[str], str]) -> str:
    """Say where; nothing where that is not known."""
    if site is None or not site.filename:
        return ""
    line = f":{site.lineno}" if site.lineno else ""
    where = "" if function in {None, "<module>"} else f" in {function}"
    return f" at {name_file(site.filename)}{line}{where}"


def composition(trace: Trace, moment: Moment) -> str:
    """Say what the live bytes of a moment consist of: ``3 arrays of 200 MiB, and 1.2 MiB in others``."""
    return _composition(find_answer(trace, moment), trace.run.threshold, trace.dropped)


def _composition(answer: Answer, threshold: int, dropped: int) -> str:
    """Say what the live bytes consist of."""
    small = (
        f"arrays that are not known, as {dropped:,} events were dropped"
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
    text = " and ".join(parts) + _temporaries(answer)
    rest_count = arrays.count - sum(group.count for group in answer.groups)
    rest = answer.nbytes - sum(group.total_nbytes for group in answer.groups)
    if answer.groups and rest_count and matters(rest, answer.nbytes):
        return f"{text}, and {format_nbytes(rest)} in others"
    if matters(answer.small_nbytes, answer.nbytes):
        return f"{text}, and {format_nbytes(answer.small_nbytes)} in {small}"
    return text


def matters(nbytes: int, total: int) -> bool:
    """Say whether three digits of the total show it; what they do not is left out of a sentence."""
    return nbytes * 200 >= total


def _count_arrays(count: int, nbytes: int) -> str:
    return f"{'one array' if count == 1 else f'{count:,} arrays'} of {format_nbytes(nbytes)}"


def _temporaries(answer: Answer) -> str:
    """Say which of the arrays are temporaries, with the first two expressions."""
    count, expressions = answer.temporaries.count, answer.temporaries.expressions
    if not count:
        return ""
    named = " and ".join(f"`{shorten(text, LONGEST)}`" for text in expressions[:2])
    of = f" of {named}" if named else ""
    more = " and others" if len(expressions) > 2 else ""
    of_all = sum(group.count for group in answer.groups) or answer.arrays.count
    if of_all == 1:
        return f", a temporary{of}"
    who = "one" if count == 1 else "all" if count == of_all else f"{count:,}"
    return f", {who} of them {'a temporary' if count == 1 else 'temporaries'}{of}{more}"


def shorten(text: str, longest: int) -> str:
    """Cut a text to at most ``longest`` characters, the last one an ellipsis if any is lost."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"

"""Arrays of one process in a sentence: how many of which sizes, which line allocated them, and what holds them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from ndmem.analysis.answer.answer import find_answer
from ndmem.analysis.moment import Moment
from ndmem.model.trace import Origin
from ndmem.reporting.holder_names import HolderNames
from ndmem.units import format_nbytes

from .brevity import LONGEST, mask_items, matters, shorten
from .places import place_text, write_reached

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndmem.analysis.answer.answer import Answer, Composition, Largest
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.holder import Holder
    from ndmem.model.trace import Trace

_NAMES = 2
"""Holders that a sentence names at most."""


def write_arrays(
    index: TraceIndex, moment: Moment, name_file: Callable[[str], str], *, process: str = "", head: str = ""
) -> str:
    """Write the sentence about the arrays of one process, which has some.

    Parameters
    ----------
    index, moment, name_file
        As of `answer_sentence`.
    process : str
        Words for a process that is not the program itself, with a leading space.
    head : str
        The first words; those of the moment if not given.
    """
    trace, answer = index.trace, find_answer(index, moment)
    if moment is Moment.END:
        if not answer.nbytes:
            return f"Nothing is alive at the end{process}; the peak was {format_nbytes(trace.peak.nbytes)}"
        start = f"{format_nbytes(answer.nbytes)} alive at the end{process}"
    else:
        head = head or ("Predicted peak" if trace.origin is Origin.PREDICTED else "Peak")
        start = f"{head} {format_nbytes(answer.nbytes)}{process}"
    small = _describe_small(trace)
    largest = answer.largest
    if largest is None or not largest.is_most:
        body = _write_composition(answer, small)
        if largest is not None:
            body += f"; no line allocated more than {format_nbytes(largest.nbytes)} of it"
    else:
        body = _write_largest(largest, answer.nbytes, small, HolderNames(index, name_file))
    own = None if largest is None or not largest.is_most else largest.site
    return f"{start}: {body}{write_reached(answer.site, answer.function, answer.phase, own, name_file)}"


def describe_arrays(index: TraceIndex, moment: Moment) -> str:
    """Write the arrays that hold the live bytes of a moment: ``3 arrays of 200 MiB; 1.2 MiB in other arrays``."""
    return _write_composition(find_answer(index, moment), _describe_small(index.trace))


def _describe_small(trace: Trace) -> str:
    if trace.dropped:
        return f"unknown arrays ({trace.dropped:,} events were dropped)"
    if trace.run.is_counted_only:
        return "arrays of unknown sizes"
    return f"arrays smaller than {format_nbytes(trace.run.threshold)}"


def _write_composition(answer: Answer, small: str) -> str:
    """Write the arrays of an answer, and what is in others."""
    if not answer.arrays.count:
        return f"all of it in {small}"
    text = write_sizes(answer, of=None) + _write_temporaries(answer)
    rest_count = answer.arrays.count - sum(group.count for group in answer.groups)
    rest = answer.nbytes - sum(group.total_nbytes for group in answer.groups)
    if answer.groups and rest_count and matters(rest, answer.nbytes):
        return f"{text}; {format_nbytes(rest)} in other arrays"
    if matters(answer.small_nbytes, answer.nbytes):
        return f"{text}; {format_nbytes(answer.small_nbytes)} in {small}"
    return text


def _write_largest(largest: Largest, total: int, small: str, names: HolderNames) -> str:
    """Write the arrays of the line that allocated most, with their place, temporaries and holders."""
    is_all = not matters(total - largest.nbytes, total)
    if largest.arrays.count:
        sizes = write_sizes(largest, of=largest.nbytes if not is_all else total)
        if matters(largest.nbytes - _explained(largest), largest.nbytes):
            sizes += " and smaller ones"
    else:
        sizes = small
    verb = "is" if sizes == "one array" else "are"
    start = sizes if is_all else f"{format_nbytes(largest.nbytes)} {verb} {sizes}"
    by = f" `{shorten(largest.expression, LONGEST)}`" if largest.expression else ""
    place = place_text(largest.site, largest.function, names.name_file)
    allocated = f" allocated{place}{':' if by and largest.function != '<module>' else ''}{by}" if place or by else ""
    return f"{start}{allocated}{_write_temporaries(largest, named=bool(by))}{write_holders(largest, names)}"


def _explained(composition: Composition) -> int:
    """Return the bytes of the arrays whose sizes a sentence names."""
    groups = sum(group.total_nbytes for group in composition.groups)
    return groups if composition.groups else composition.arrays.total_nbytes


def write_sizes(composition: Composition, *, of: int | None) -> str:
    """Write number and sizes of arrays; without its size if there is one array of ``of`` bytes, just named."""
    groups, arrays = composition.groups, composition.arrays
    if not groups:
        return f"{arrays.count:,} arrays of up to {format_nbytes(arrays.nbytes)}"
    first = groups[0]
    if of is not None and first.count == 1 and not matters(of - first.nbytes, of):
        return "one array"
    parts = [_count_arrays(first.count, first.nbytes)]
    parts += [f"{group.count:,} of {format_nbytes(group.nbytes)}" for group in groups[1:]]
    return " and ".join(parts)


def write_holders(largest: Largest, names: HolderNames) -> str:
    """Write what holds the arrays; "some" if that is unknown of others. Temporaries are held by what runs."""
    if _are_temporaries(largest):
        return ""
    # The items of one container are one holder to a reader.
    held: dict[str, Holder] = {}
    for holder in largest.holders:
        held.setdefault(mask_items(holder.name), holder)
    if len(held) == len(largest.holders):
        held = {holder.name: holder for holder in largest.holders}
    texts = [
        f"`{shorten(name, LONGEST)}`{names.spell_scope(holder, quote='`')}"
        for name, holder in islice(held.items(), _NAMES)
    ]
    if not texts:
        return ""
    by = f"{', '.join(texts)} and others" if len(held) > _NAMES else " and ".join(texts)
    return f", {'some ' if largest.unheld else ''}held by {by}"


def _are_temporaries(composition: Composition) -> bool:
    of_all = sum(group.count for group in composition.groups) or composition.arrays.count
    return 0 < of_all == composition.temporaries.count


def _count_arrays(count: int, nbytes: int) -> str:
    return f"{'one array' if count == 1 else f'{count:,} arrays'} of {format_nbytes(nbytes)}"


def _write_temporaries(composition: Composition, *, named: bool = False) -> str:
    """Write how many of the arrays are temporaries, with at most two expressions, unless the sentence has named it."""
    count, expressions = composition.temporaries.count, composition.temporaries.expressions
    if not count:
        return ""
    texts = " and ".join(f"`{shorten(text, LONGEST)}`" for text in expressions[:2])
    of = f" of {texts}" if texts and not named else ""
    more = " and others" if len(expressions) > 2 else ""
    of_all = sum(group.count for group in composition.groups) or composition.arrays.count
    if of_all == 1:
        return f", a temporary{of}"
    if count == of_all:
        return f", all temporaries{of}{more}"
    return f", including {'one temporary' if count == 1 else f'{count:,} temporaries'}{of}{more}"

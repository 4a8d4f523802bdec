"""Write a prediction as text: the answer in three lines, and on request how it was measured, with each line."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING

from ndmem.analysis.call_tree.frames import user_site
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.peak import find_peak_node
from ndmem.errors import PredictionError
from ndmem.phrasing import current_phrasing
from ndmem.planning.confidence import Confidence
from ndmem.planning.strategy.native_memory import NOT_REPORTED
from ndmem.reporting.label import describe_confidence, describe_label
from ndmem.reporting.paths import file_names
from ndmem.reporting.plain import encodable, plain
from ndmem.reporting.prediction_words import Outlook
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ndmem.analysis.tables.lines import Line
    from ndmem.platform.limits.fit import Fit
    from ndmem.reporting.predicted import Predicted

_BAR = 12
_EIGHTHS = " ▏▎▍▌▋▊▉"
_MOST_LINES = 24
_SHORTEST_S = 0.1


def write_prediction(
    found: Predicted, stream: IO[str] | None = None, *, budget: int | str | None = None, explain: bool = False
) -> None:
    """Print a prediction: how much, where, whether it fits, and how sure that is.

    Parameters
    ----------
    found : Prediction
        The prediction.
    stream : text stream, optional
        The output; standard output by default.
    budget : int or str, optional
        Bytes that may be used; by default what this process may still use.
    explain : bool
        Also print how it was measured, its parts, and each line with a bar and a formula.
    """
    target = stream or sys.stdout
    lines = [*_answer(found, budget)]
    if explain:
        lines += _explanation(found)
    else:
        lines.append(f"how it was measured, and the memory of each line: {current_phrasing().explain}")
    text = "".join(f"{line.rstrip()}\n" for line in lines)
    target.write(encodable(text, getattr(target, "encoding", None)))


def prediction_sentence(found: Predicted, *, budget: int | str | None = None) -> str:
    """Write in one sentence how much memory is needed, where, the label, and whether it fits."""
    return f"{_describe_need(found)}, {describe_confidence(found)}; {_describe_fit(found, budget)}"


def describe_outlook(found: Predicted, *, budget: int | str | None = None) -> Outlook:
    """Return the sentences and formulas of `write_prediction` for a page."""
    sentence = prediction_sentence(found, budget=budget)
    formulas = {(line.filename, line.lineno): formula for line in found.lines() if (formula := _formula(line))}
    return Outlook((sentence[0].upper() + sentence[1:], *_reasons(found), *_parts(found)), formulas)


def _answer(found: Predicted, budget: int | str | None) -> Iterator[str]:
    yield _describe_need(found)
    yield _describe_fit(found, budget)
    yield describe_label(found)
    if found.native_reason == NOT_REPORTED:
        yield f"without native memory, which is unknown: {NOT_REPORTED}"
    if found.confidence is Confidence.ROUGH:
        yield from _reasons(found)


def _explanation(found: Predicted) -> Iterator[str]:
    if found.confidence is not Confidence.ROUGH:
        yield from _reasons(found)
    yield from _parts(found)
    rows = [row for row in found.lines() if row.peak_nbytes or row.total_nbytes]
    if rows:
        yield ""
        yield from _table(found, rows)


def _describe_need(found: Predicted) -> str:
    names = file_names(found.trace.run, folder=None)
    index = TraceIndex(found.trace)
    site = user_site(index, find_peak_node(index))
    where = f" at {names.name(site.filename)}:{site.lineno}" if site is not None else ""
    return f"needs {format_nbytes(found.total)}{where}"


def _describe_fit(found: Predicted, budget: int | str | None) -> str:
    fit = found.fits(budget)
    if fit.free is None:
        return "the memory limit of this machine is unknown"
    free = format_nbytes(fit.free)
    limit = f"the budget is {free}" if budget is not None else f"{_name_owner_of_limit(fit)} has {free} free"
    return f"{limit}: it fits" if fit else f"{limit}: {_describe_longest(found, fit.free)}"


def _name_owner_of_limit(fit: Fit) -> str:
    if fit.limit is None:
        return "this machine"
    return {"cgroup": "this container", "rlimit": "this process", "batch system": "this job"}.get(
        fit.limit.source.value, "this machine"
    )


def _describe_longest(found: Predicted, free: int) -> str:
    """Write up to which length it would fit, of the longest dimension that has a formula."""
    for name in sorted(found.dims, key=lambda name: -found.dims[name]):
        try:
            most = found.max(name, budget=free)
        except PredictionError:
            continue
        if 0 < most < found.dims[name]:
            return f"fits up to {name} = {most:,}"
    return "it does not fit"


def _reasons(found: Predicted) -> Iterator[str]:
    """Yield why the label is no better."""
    if found.reason:
        yield plain(f"{'because' if found.confidence is Confidence.ROUGH else 'note:'} {found.reason}")


def _parts(found: Predicted) -> Iterator[str]:
    """Yield what the bytes consist of, the duration, and what is unknown."""
    parts = [f"{format_nbytes(found.peak)} of arrays", f"{format_nbytes(found.inputs)} of arguments"]
    parts.append("native memory unknown" if found.native is None else f"{format_nbytes(found.native)} native")
    yield f"{', '.join(parts)}; takes {_describe_seconds(found)}"
    if found.native is None:
        yield plain(f"native memory is unknown: {found.native_reason}")
    for text in found.not_examined:
        yield plain(f"not examined: {text}")


def _formula(line: Line) -> str:
    """Return the formula of a predicted line; empty if it has none."""
    return getattr(line, "formula", None) or ""


def _table(found: Predicted, rows: Sequence[Line]) -> Iterator[str]:
    names = file_names(found.trace.run, folder=None)
    shown = sorted(
        sorted(rows, key=lambda row: -(row.peak_nbytes or 0))[:_MOST_LINES], key=lambda row: (row.filename, row.lineno)
    )
    most = max(row.peak_nbytes or 0 for row in shown)
    digits = max(len(str(row.lineno)) for row in shown)
    figures = [format_nbytes(row.peak_nbytes) if row.peak_nbytes else "-" for row in shown]
    formulas = [_formula(row) for row in shown]
    wide, long = max(map(len, figures)), min(max(map(len, formulas)), 60)
    filename = None
    for row, figure, formula in zip(shown, figures, formulas, strict=True):
        if row.filename != filename:
            filename = row.filename
            yield names.name(filename)
        source = plain(row.source if row.source else f"in {row.function}")
        bar = _bar((row.peak_nbytes or 0) / most if most else 0)
        yield f"{figure:>{wide}} {bar} {formula[:60]:<{long}}  {row.lineno:>{digits}} {source}"
    if len(shown) < len(rows):
        yield f"… and {len(rows) - len(shown):,} more"


def _bar(share: float) -> str:
    eighths = round(share * _BAR * 8)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()).ljust(_BAR)


def _describe_seconds(found: Predicted) -> str:
    interval = found.seconds_interval
    if interval is None:
        return "an unknown time"
    low, high = map(format_seconds, interval)
    return f"less than {high}" if interval[0] < _SHORTEST_S else f"{low} to {high}"


def format_seconds(seconds: float) -> str:
    """Write a time."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    if seconds < _SHORTEST_S:
        return f"{_SHORTEST_S} s"
    return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds:.1f} s"

"""Tests of a suite as Markdown, for a comment on a pull request: what changed, by test, line and array."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.suite_changes import compare_suites
from ndmem.reporting.sentences.brevity import shorten
from ndmem.reporting.text.diff import signed_nbytes
from ndmem.units import format_nbytes

from .blocks import Align, fold, write_table
from .inline import code_span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.analysis.suite_changes import PartChange, SuiteChanges, TestChange
    from ndmem.model.suite.figures import PeakArray, PeakLine, Suite

MOST_CHARACTERS = 60_000
"""GitHub refuses a comment of more than 65,536 characters; the rest is for what others add."""

_MOST_ROWS, _MOST_FOLDED, _MOST_NAMED = 40, 20, 20
_LONGEST_NAME, _LONGEST_SOURCE = 160, 90

_CHANGED = (
    ("test", Align.LEFT),
    ("before", Align.RIGHT),
    ("after", Align.RIGHT),
    ("change", Align.RIGHT),
    ("line that grew", Align.LEFT),
    ("array", Align.LEFT),
)
_PARTS = (("change", Align.RIGHT), ("before", Align.RIGHT), ("after", Align.RIGHT), ("line", Align.LEFT))
_HEAVIEST = (
    ("peak", Align.RIGHT),
    ("kept", Align.RIGHT),
    ("test", Align.LEFT),
    ("largest line", Align.LEFT),
    ("largest array", Align.LEFT),
)


def write_suite_changes(before: Suite, after: Suite, *, share: float | None = None) -> str:
    """Write how the peaks of tests changed, the summary first.

    Parameters
    ----------
    before, after : Suite
        The tests of two runs.
    share : float, optional
        A peak that grew by more than this part fails its test, and is marked.

    Returns
    -------
    str
        At most `MOST_CHARACTERS` characters; what is left out is counted.
    """
    changes = compare_suites(before, after)
    head = f"### {_summarise(changes)}"
    rows = [_write_change(change, share) for change in changes.changed]
    folded = [fold_changes(change) for change in changes.changed if change.lines][:_MOST_FOLDED]
    foot = [_write_versions(before, after), *_list_names("new", changes.new), *_list_names("gone", changes.gone)]
    return _fit(head, foot, columns=_CHANGED, rows=rows, folded=folded, noun="test changed")


def write_heaviest(suite: Suite) -> str:
    """Write the tests with the highest peaks, where nothing is there to compare with; bounded as a comparison."""
    tests = sorted(suite.tests.items(), key=lambda item: (-item[1].peak, item[0]))
    heavy = [(name, found) for name, found in tests if found.peak]
    most = f": at most {format_nbytes(heavy[0][1].peak)}, in {code_span(_cut(heavy[0][0]))}" if heavy else ""
    head = f"### Array memory of {_count(len(tests), 'test')}{most}"
    rows = [
        (
            format_nbytes(found.peak),
            format_nbytes(found.kept),
            code_span(_cut(name)),
            _write_line(found.lines[0]) if found.lines else "",
            _write_array(found.arrays[0]) if found.arrays else "",
        )
        for name, found in heavy
    ]
    return _fit(head, [_write_versions(suite, suite)], columns=_HEAVIEST, rows=rows, folded=[], noun="test")


def _fit(
    head: str,
    foot: Sequence[str],
    *,
    columns: Sequence[tuple[str, Align]],
    rows: Sequence[Sequence[str]],
    folded: Sequence[str],
    noun: str,
) -> str:
    """Put the parts together, and leave out the last rows and folded parts that would make it too long."""
    end = "\n\n".join(part for part in foot if part)
    shown = list(rows[:_MOST_ROWS])
    room = MOST_CHARACTERS - len(head) - len(end) - 500
    while shown and len(write_table(columns, shown)) > room:
        shown.pop()
    table = write_table(columns, shown)
    room -= len(table)
    details = []
    for part in folded:
        if len(part) + 2 > room:
            break
        details.append(part)
        room -= len(part) + 2
    left = len(rows) - len(shown)
    more = f"{left:,} more {noun.replace('test', 'tests', left != 1)}, with smaller figures." if left else ""
    unfolded = len(folded) - len(details)
    cut = (
        f"The lines of {_count(unfolded, 'more test')} were left out: a comment has a maximum size." if unfolded else ""
    )
    return "\n\n".join(part for part in (head, table, more, *details, cut, end) if part) + "\n"


def _summarise(changes: SuiteChanges) -> str:
    """Write the sentence that a reader wants first."""
    total = changes.same + len(changes.changed)
    if not total:
        return "Array memory: none of the tests can be compared"
    if not changes.changed:
        return f"Array memory: unchanged in {_all(total)}"
    grown = changes.grown
    shown, most, word = (grown, grown[0], "more") if grown else (changes.changed, changes.changed[-1], "less")
    needs = f"{len(shown):,} of {_count(total, 'test')} need{'s' if len(shown) == 1 else ''} {word}"
    return f"Array memory: {needs}, {_write_most(most)}"


def _write_most(change: TestChange) -> str:
    return f"at most {write_change(change.before.peak, change.after.peak)} in {code_span(_cut(change.name))}"


def write_change(before: int, after: int) -> str:
    """Write a difference with its percentage: ``+7.63 MiB (+50 %)``."""
    if not before:
        return signed_nbytes(after)
    part = 100 * (after - before) / before
    written = f"{part:+,.0f}" if part >= 1000 else f"{part:+.3g}"
    return f"{signed_nbytes(after - before)} ({written} %)"


def _write_change(change: TestChange, share: float | None) -> tuple[str, ...]:
    before, after = change.before.peak, change.after.peak
    changed = write_change(before, after)
    array = change.find_array()
    return (
        code_span(_cut(change.name)),
        format_nbytes(before),
        format_nbytes(after),
        f"**{changed}**" if share is not None and after > before * (1 + share) else changed,
        _write_grown(change),
        _write_array(array) if array and change.growth > 0 else "",
    )


def _write_grown(change: TestChange) -> str:
    """Write the line that grew most; of a test whose lines were not known before, the largest."""
    if change.growth <= 0:
        return ""
    if change.lines:
        line = change.find_line()
        mark = "new: " if line and line.before is None else ""
        return f"{mark}{_write_line(line.part)} {signed_nbytes(line.growth)}" if line else ""
    return f"largest: {_write_line(change.after.lines[0])}" if change.after.lines else ""


def fold_changes(change: TestChange) -> str:
    """Write all lines and arrays that changed at the peak of a test, folded."""
    columns = _PARTS, (*_PARTS[:-1], ("array", Align.LEFT))
    parts = [
        f"**{code_span(_cut(change.name))}**",
        write_table(columns[0], [_write_part(each, _write_line(each.part)) for each in change.lines]),
        write_table(columns[1], [_write_part(each, _write_array(each.part)) for each in change.arrays]),
    ]
    summary = f"Lines and arrays of a peak that changed by {write_change(change.before.peak, change.after.peak)}"
    return fold(summary, "\n\n".join(part for part in parts if part))


def _write_part(change: PartChange[PeakLine] | PartChange[PeakArray], text: str) -> tuple[str, ...]:
    sides = ("-" if side is None else format_nbytes(side.nbytes) for side in (change.before, change.after))
    return (signed_nbytes(change.growth), *sides, text)


def _write_line(line: PeakLine) -> str:
    place = code_span(_cut(f"{line.filename}:{line.lineno}" if line.lineno else line.filename or "no file"))
    return f"{place} {code_span(shorten(line.source or f'in {line.function}', _LONGEST_SOURCE))}"


def _write_array(array: PeakArray) -> str:
    """Write what is known of arrays: name or expression, shape, dtype."""
    text = array.name or array.expression or f"{array.filename}:{array.lineno}"
    many = f"{array.count:,} x " if array.count > 1 else ""
    form = "" if array.shape is None else f"{array.shape} {array.dtype or ''}"
    return " ".join(filter(None, (f"{many}{code_span(shorten(text, _LONGEST_SOURCE))}", code_span(form))))


def _cut(name: str) -> str:
    """Shorten a name or a path in its middle: both ends tell what it is."""
    if len(name) <= _LONGEST_NAME:
        return name
    half = _LONGEST_NAME // 2
    return f"{name[:half]}…{name[-half:]}"


def _list_names(what: str, names: Sequence[str]) -> list[str]:
    """Write which tests only one of the runs has, folded."""
    if not names:
        return []
    shown = [f"- {code_span(_cut(name))}" for name in names[:_MOST_NAMED]]
    more = [f"- and {len(names) - _MOST_NAMED:,} more"] if len(names) > _MOST_NAMED else []
    verb = "is" if len(names) == 1 else "are"
    return [fold(f"{_count(len(names), 'test')} {verb} {what}", "\n".join([*shown, *more]))]


def _write_versions(before: Suite, after: Suite) -> str:
    """Write what the bytes are, and with which versions they were measured; a change of NumPy explains others."""
    text = "Bytes of NumPy arrays that each test allocates, at its highest moment."
    for name, old, new in (("Python", before.python, after.python), ("NumPy", before.numpy, after.numpy)):
        if new is None:
            continue
        changed = f"{code_span(old)}, now " if old is not None and old != new else ""
        text += f" {name} {changed}{code_span(new)}."
    return text


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _all(total: int) -> str:
    return "the test" if total == 1 else f"all {total:,} tests"

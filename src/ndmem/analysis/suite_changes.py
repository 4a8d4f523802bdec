"""Differences between two runs of the same tests: which peaks changed, and which lines and arrays at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from ndmem.model.suite.figures import LEAST_NBYTES, PeakArray, PeakLine

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from ndmem.model.suite.figures import Suite, TestFigures

Part = TypeVar("Part", PeakLine, PeakArray)


@dataclass(frozen=True, slots=True)
class PartChange(Generic[Part]):
    """Line, or arrays of one kind, at the peak of a test in two runs.

    Attributes
    ----------
    before, after : PeakLine or PeakArray, or None
        ``None`` where it is not at the peak.
    """

    before: Part | None
    after: Part | None

    @property
    def part(self) -> Part:
        """That of the later run, or of the earlier one if the later has none."""
        part = self.before if self.after is None else self.after
        assert part is not None
        return part

    @property
    def growth(self) -> int:
        """Bytes that it has more than before."""
        return (self.after.nbytes if self.after else 0) - (self.before.nbytes if self.before else 0)


@dataclass(frozen=True, slots=True)
class TestChange:
    """Test whose peak is not what it was.

    Attributes
    ----------
    name : str
        Its name.
    before, after : TestFigures
        Its figures in each run.
    lines, arrays : tuple of PartChange
        What changed at the peak, what grew most first; empty if the lines of a run are unknown, as in a baseline.
    """

    __test__ = False  # not a class of tests, for pytest

    name: str
    before: TestFigures
    after: TestFigures
    lines: tuple[PartChange[PeakLine], ...]
    arrays: tuple[PartChange[PeakArray], ...]

    @property
    def growth(self) -> int:
        """Bytes by which the peak grew; negative if it is lower."""
        return self.after.peak - self.before.peak

    def find_line(self) -> PartChange[PeakLine] | None:
        """Return the line that grew: where the array that grew most was allocated, else the line that grew most."""
        grown = [line for line in self.lines if line.growth > 0]
        array = self.arrays[0] if self.arrays else None
        if array is not None and 2 * array.growth >= self.growth:  # else many small arrays are most of it
            place = array.part.filename, array.part.lineno
            grown.sort(key=lambda line: (line.part.filename, line.part.lineno) != place)
        return grown[0] if grown else None

    def find_array(self) -> PeakArray | None:
        """Return the array that grew most, or the largest if both runs are not known by array."""
        if self.arrays and self.arrays[0].growth > 0:
            return self.arrays[0].after
        return self.after.arrays[0] if self.after.arrays and not self.lines else None


@dataclass(frozen=True, slots=True)
class SuiteChanges:
    """Differences between two runs of tests.

    Attributes
    ----------
    changed : tuple of TestChange
        Tests whose peak changed: what grew most first, what shrank most last.
    same : int
        Number of tests with the peak of before.
    new, gone : tuple of str
        Tests that only the later run, or only the earlier one has.
    """

    changed: tuple[TestChange, ...]
    same: int
    new: tuple[str, ...]
    gone: tuple[str, ...]

    @property
    def grown(self) -> tuple[TestChange, ...]:
        """Tests that need more than before."""
        return tuple(change for change in self.changed if change.growth > 0)


def compare_suites(before: Suite, after: Suite) -> SuiteChanges:
    """Compare the peaks of tests, by name; tests that failed in one of the runs count as not in it."""
    olds, news = (
        {name: found for name, found in suite.tests.items() if found.outcome.is_whole} for suite in (before, after)
    )
    both = [name for name in news if name in olds]
    changed = [_compare_test(name, olds[name], news[name]) for name in both if olds[name].peak != news[name].peak]
    return SuiteChanges(
        changed=tuple(sorted(changed, key=lambda change: (-change.growth, change.name))),
        same=len(both) - len(changed),
        new=tuple(sorted(news.keys() - olds.keys())),
        gone=tuple(sorted(olds.keys() - after.tests.keys())),
    )


def _compare_test(name: str, before: TestFigures, after: TestFigures) -> TestChange:
    known = bool(before.lines) or before.peak < LEAST_NBYTES  # all lines of a small peak together are little
    return TestChange(
        name,
        before,
        after,
        _pair(before.lines, after.lines, _identify_line) if known else (),
        _pair(before.arrays, after.arrays, _identify_array) if known else (),
    )


def _pair(
    before: Iterable[Part], after: Iterable[Part], identify: Callable[[Part], Hashable]
) -> tuple[PartChange[Part], ...]:
    """Return what differs; parts of one identity are paired in the order in which they stand in the file."""
    olds, news = _number(before, identify), _number(after, identify)
    pairs = [PartChange(olds.get(key), news.get(key)) for key in {**news, **olds}]
    changed = [pair for pair in pairs if pair.growth]
    return tuple(sorted(changed, key=lambda pair: (-pair.growth, pair.part.filename, pair.part.lineno)))


def _number(parts: Iterable[Part], identify: Callable[[Part], Hashable]) -> dict[Hashable, Part]:
    found: dict[Hashable, Part] = {}
    for part in sorted(parts, key=lambda part: (part.filename, part.lineno)):
        key, at = identify(part), 0
        while (key, at) in found:
            at += 1
        found[key, at] = part
    return found


def _identify_line(line: PeakLine) -> Hashable:
    # A line that moved is the same line.
    return line.filename, line.function, line.source or line.lineno


def _identify_array(array: PeakArray) -> Hashable:
    return array.filename, array.function, array.expression or array.lineno

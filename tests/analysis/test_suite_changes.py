"""Two runs of the same tests are compared by test, line and array."""

from dataclasses import replace

from ndmem.analysis.suite_changes import compare_suites
from ndmem.model.suite.figures import Outcome, PeakArray, PeakLine, Suite, TestFigures


def line(lineno: int, source: str | None, nbytes: int) -> PeakLine:
    """Return a line of one function."""
    return PeakLine(filename="m.py", lineno=lineno, function="f", source=source, nbytes=nbytes)


def array(lineno: int, expression: str, nbytes: int) -> PeakArray:
    """Return an array of one function."""
    return PeakArray(
        filename="m.py", lineno=lineno, function="f", expression=expression, name=None, shape=None, dtype=None,
        nbytes=nbytes, count=1,
    )  # fmt: skip


def test_tests_are_sorted_by_growth() -> None:
    """What grew most comes first, equal growth by name; what shrank comes last; what is equal is counted."""
    before = Suite(
        {name: TestFigures(peak, 0) for name, peak in {"a": 10, "b": 10, "c": 10, "d": 10, "gone": 1}.items()}
    )
    after = Suite({name: TestFigures(peak, 0) for name, peak in {"c": 15, "a": 15, "b": 5, "d": 10, "new": 1}.items()})
    found = compare_suites(before, after)
    assert [(change.name, change.growth) for change in found.changed] == [("a", 5), ("c", 5), ("b", -5)]
    assert (found.same, found.new, found.gone) == (1, ("new",), ("gone",))
    assert [change.name for change in found.grown] == ["a", "c"]


def test_a_run_has_no_change_from_itself() -> None:
    """Comparing a suite with itself finds nothing."""
    suite = Suite({"a": TestFigures(10, 0, lines=(line(1, "x", 10),))})
    found = compare_suites(suite, suite)
    assert (found.changed, found.same, found.new, found.gone) == ((), 1, (), ())


def test_a_failed_test_is_not_compared() -> None:
    """A test that failed in one run has no whole peak; one that exceeded a limit has."""
    whole, failed = TestFigures(10, 0), TestFigures(20, 0, Outcome.FAILED)
    assert compare_suites(Suite({"a": whole}), Suite({"a": failed})).changed == ()
    assert compare_suites(Suite({"a": whole}), Suite({"a": failed})).gone == ()
    exceeded = replace(failed, outcome=Outcome.EXCEEDED)
    assert [change.growth for change in compare_suites(Suite({"a": whole}), Suite({"a": exceeded})).changed] == [10]


def test_a_line_that_moved_is_the_same_line() -> None:
    """Lines are paired by their text, and equal lines in their order; what differs is sorted by growth."""
    before = TestFigures(90, 0, lines=(line(1, "a = 1", 40), line(5, "b = 2", 30), line(6, "b = 2", 20)))
    after = TestFigures(
        100, 0, lines=(line(9, "a = 1", 40), line(11, "b = 2", 35), line(12, "b = 2", 15), line(13, "n", 10))
    )
    (change,) = compare_suites(Suite({"t": before}), Suite({"t": after})).changed
    assert [(each.part.lineno, each.growth) for each in change.lines] == [(13, 10), (11, 5), (12, -5)]


def test_a_baseline_without_lines_shows_the_largest_array() -> None:
    """Where the lines of before are unknown no line is said to have grown."""
    after = TestFigures(10**6, 0, lines=(line(1, "x", 10**6),), arrays=(array(1, "x", 10**6),))
    (change,) = compare_suites(Suite({"t": TestFigures(10**5, 0)}), Suite({"t": after})).changed
    assert (change.lines, change.find_line(), change.find_array()) == ((), None, after.arrays[0])


def test_the_line_that_grew_is_that_of_the_array_that_grew() -> None:
    """A line whose text was edited looks new with all its bytes; the array that is really new decides."""
    before = TestFigures(20, 0, lines=(line(2, "return a - b", 20),), arrays=(array(2, "a - b", 20),))
    after = TestFigures(
        35, 0,
        lines=(line(2, "c = a - b", 20), line(3, "return abs(c)", 15)),
        arrays=(array(2, "a - b", 20), array(3, "abs(c)", 15)),
    )  # fmt: skip
    (change,) = compare_suites(Suite({"t": before}), Suite({"t": after})).changed
    found = change.find_line()
    assert found is not None
    assert (found.part.lineno, found.growth) == (3, 15)


def test_all_lines_of_a_small_peak_are_new() -> None:
    """The lines of a peak below 64 KiB are not recorded: in a large one all have grown by what they have."""
    after = TestFigures(10**6, 0, lines=(line(1, "x", 10**6),))
    (change,) = compare_suites(Suite({"t": TestFigures(65535, 0)}), Suite({"t": after})).changed
    assert [each.growth for each in change.lines] == [10**6]

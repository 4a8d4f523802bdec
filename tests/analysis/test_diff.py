"""What is different between two runs."""

import pytest
from hypothesis import given
from tests.random_traces import traces
from tests.reporting.samples import MIB, factoring, pipeline
from tests.traces import USER, Frame, TraceBuilder

from ndmem.analysis.diff import Change, Growth, diff_traces
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.tables.lines import Line
from ndmem.model.holder import Holder
from ndmem.model.trace import Origin, Trace

BEFORE = """\
import numpy as np
kept = np.ones(10)
def work():
    return np.ones(5)
same = work()
"""
# Two lines further down, in another folder; `kept` is larger, and one line is new.
AFTER = """\
# A comment,
# and another one.
import numpy as np
kept = np.ones(10)
def work():
    return np.ones(5)
same = work()
extra = np.ones(7)
"""
MOVED = "/home/bob/copy/pipeline.py"


def before() -> Trace:
    """10 MiB kept, 4 MiB of a function, 2 MiB of a temporary."""
    builder = TraceBuilder()
    builder.born((Frame(USER, 2),), 10 * MIB)
    builder.born((Frame(USER, 5), Frame(USER, 4, "work")), 4 * MIB)
    work = (Frame(USER, 5), Frame(USER, 4, "work"))
    builder.died(builder.born(work, 2 * MIB), work, within=1)
    return builder.build(sources={USER: BEFORE})


def after() -> Trace:
    """13 MiB kept, the same of the function, and 1 MiB of the new line."""
    builder = TraceBuilder()
    builder.born((Frame(MOVED, 4),), 13 * MIB)
    work = (Frame(MOVED, 7), Frame(MOVED, 6, "work"))
    builder.born(work, 4 * MIB)
    builder.died(builder.born(work, 2 * MIB), work, within=1)
    builder.born((Frame(MOVED, 8),), 1 * MIB)
    return builder.build(sources={MOVED: AFTER})


def by_text(changes: tuple[Change[Line], ...]) -> dict[str | None, Change[Line]]:
    """Return changes of lines by the text of the line."""
    return {change.row.source: change for change in changes}


def test_a_line_that_has_moved_is_the_same_line() -> None:
    """Lines are matched by file name, function and text: what moved is compared, and only the new line is new."""
    found = by_text(diff_traces(TraceIndex(before()), TraceIndex(after())).lines)
    kept = found["kept = np.ones(10)"]
    assert kept.before is not None
    assert kept.after is not None
    assert (kept.before.lineno, kept.after.lineno) == (2, 4)
    assert [kept.difference(figure) for figure in ("own_nbytes", "total_nbytes", "temporary_nbytes")] == [
        3 * MIB,
        3 * MIB,
        0,
    ]
    extra = found["extra = np.ones(7)"]
    assert (extra.before, extra.difference("kept_nbytes")) == (None, 1 * MIB)
    # The peak while `work` ran is another, although it allocated the same: 10 + 4 + 2 MiB, and 13 + 4 + 2 MiB.
    assert found["return np.ones(5)"].difference("peak_nbytes") == 3 * MIB
    assert found["return np.ones(5)"].difference("own_nbytes") == 0


def test_the_totals_are_those_of_the_runs() -> None:
    """Peak, live and total bytes stand beside each other: 16 and 19 MiB, 14 and 18, 16 and 20."""
    found = diff_traces(TraceIndex(before()), TraceIndex(after()))
    assert found.peak == Growth(16 * MIB, 19 * MIB)
    assert found.live == Growth(14 * MIB, 18 * MIB)
    assert found.total == Growth(16 * MIB, 20 * MIB)
    assert found.total_peak == Growth(None, None)
    assert found.total_peak.difference is None


def test_functions_are_compared_by_name() -> None:
    """The module's code allocated 3 MiB more that are live at the peak; of the function only the peak differs."""
    changes = {
        change.row.function: change for change in diff_traces(TraceIndex(before()), TraceIndex(after())).functions
    }
    assert {name: change.difference("own_nbytes") for name, change in changes.items()} == {
        "<module>": 3 * MIB,
        "work": 0,
    }


def test_lines_with_equal_text_are_told_apart_by_their_order() -> None:
    """Of two equal lines in one function the first is compared with the first, the second with the second."""
    source = "a = np.ones(n)\na = np.ones(n)\n"

    def run(first: int, second: int, *, down: int) -> Trace:
        builder = TraceBuilder()
        for lineno, nbytes in ((1, first), (2, second)):
            builder.born((Frame(USER, lineno + down),), nbytes * MIB)
        return builder.build(sources={USER: "\n" * down + source})

    # Paired crosswise both would differ: 1 with 5, and 2 with 1.
    changes = diff_traces(TraceIndex(run(1, 2, down=0)), TraceIndex(run(1, 5, down=3))).lines
    assert [(change.difference("own_nbytes"), change.row.lineno) for change in changes] == [(3 * MIB, 5)]


def test_a_line_without_text_is_known_by_its_number() -> None:
    """Where the source is not known a line is the same only if its number is."""

    def run(lineno: int) -> Trace:
        builder = TraceBuilder()
        builder.born((Frame(USER, lineno),), MIB)
        return builder.build()

    assert diff_traces(TraceIndex(run(7)), TraceIndex(run(7))).is_empty
    assert {
        (change.before is None, change.row.lineno)
        for change in diff_traces(TraceIndex(run(7)), TraceIndex(run(8))).lines
    } == {
        (False, 7),
        (True, 8),
    }


def test_arrays_of_one_name_and_expression_are_compared_together() -> None:
    """Three arrays of a loop against two: the group has lost one of them, and an unchanged group is left out."""
    source = "rows = [np.ones(n) for n in sizes]\nbig = np.ones(9)\n"

    def run(count: int) -> Trace:
        builder = TraceBuilder()
        buffers = [builder.born((Frame(USER, 1, columns=(8, 18)),), MIB) for _ in range(count)]
        big = builder.born((Frame(USER, 2, columns=(6, 16)),), 5 * MIB)
        holders = [Holder(builder.number(big), "big", "pipeline", (655360,), "float64", is_view=False)]
        assert len(buffers) == count
        return builder.build(sources={USER: source}, holders=holders)

    (change,) = diff_traces(TraceIndex(run(3)), TraceIndex(run(2))).buffers
    assert change.before is not None
    assert change.after is not None
    assert (change.before.count, change.after.count, change.difference("nbytes")) == (3, 2, -MIB)
    assert (change.row.text, change.row.name) == ("np.ones(n)", None)


@pytest.mark.parametrize(
    ("growth", "part", "expected"),
    [
        (Growth(100, 105), 0.05, False),
        (Growth(100, 106), 0.05, True),
        (Growth(100, 100), 0.0, False),
        (Growth(100, 101), 0.0, True),
        (Growth(0, 1), 10.0, True),
        (Growth(100, 50), 0.05, False),
        (Growth(None, 50), 0.05, False),
    ],
)
def test_a_figure_exceeds_a_part_of_what_it_was(growth: Growth, part: float, *, expected: bool) -> None:
    """Growth counts from just above the part, from nothing always, and where it is not known never."""
    assert growth.exceeds(part) is expected


def test_predicted_and_measured_are_compared_alike() -> None:
    """A predicted run that says what was measured is no difference."""
    assert diff_traces(TraceIndex(pipeline(origin=Origin.PREDICTED)), TraceIndex(pipeline())).is_empty


def test_native_memory_watched_in_one_run_alone_is_not_known() -> None:
    """Without native memory in the first run the total peak has no difference, and no native figure is invented."""
    found = diff_traces(TraceIndex(pipeline()), TraceIndex(factoring()))
    assert (found.total_peak.before, found.total_peak.difference) == (None, None)
    assert all(change.before.native is None for change in found.lines if change.before)


@given(traces())
def test_a_run_and_itself_have_no_difference(trace: Trace) -> None:
    """For any program nothing is different from itself."""
    assert diff_traces(TraceIndex(trace), TraceIndex(trace)).is_empty


@given(traces(), traces())
def test_differences_sum_to_the_peaks(first: Trace, second: Trace) -> None:
    """For any two programs the differences of lines, and those of functions, sum to the difference of the peaks."""
    found = diff_traces(TraceIndex(first), TraceIndex(second))
    for changes in (found.lines, found.functions):
        assert sum(change.difference("own_nbytes") or 0 for change in changes) == found.peak.difference


@given(traces(), traces())
def test_the_other_way_round_the_signs_turn(first: Trace, second: Trace) -> None:
    """For any two programs the reverse comparison has each row with its sides exchanged."""
    there, back = diff_traces(TraceIndex(first), TraceIndex(second)), diff_traces(TraceIndex(second), TraceIndex(first))
    assert {(id_of(c.before), id_of(c.after)) for c in there.lines} == {
        (id_of(c.after), id_of(c.before)) for c in back.lines
    }
    assert len(there.buffers) == len(back.buffers)


def id_of(line: Line | None) -> tuple[str, int] | None:
    """Return what tells the lines of one run apart."""
    return None if line is None else (line.filename, line.lineno)

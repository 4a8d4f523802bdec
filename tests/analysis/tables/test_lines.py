"""The line table, against figures summed by hand and against stacks written out in full."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.analysis.oracles import max_lines, replay_temporaries, sum_lines
from tests.random_traces import traces
from tests.traces import NUMPY, ROOTS, THREADING, USER, Frame, TraceBuilder

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.moment import Moment
from ndmem.analysis.tables.lines import Line, line_table
from ndmem.errors import TraceError
from ndmem.model.trace import Trace

KIB = 1024


def by_lineno(trace: Trace, **options: object) -> dict[int, Line]:
    """Return the rows by line number."""
    return {line.lineno: line for line in line_table(TraceIndex(trace), **options)}


def test_a_chain_with_temporaries() -> None:
    """Figures of ``return (x - m) / s`` called from ``main`` are those summed by hand."""
    call, body = Frame(USER, 10), Frame(USER, 3, "normalise")
    builder = TraceBuilder()
    raw = builder.born((Frame(USER, 9),), 100 * KIB)
    mean = builder.born((call, Frame(USER, 2, "normalise"), Frame(NUMPY, 5, "_mean")), 10 * KIB)
    difference = builder.born((call, body), 100 * KIB)
    builder.born((call, body), 50 * KIB)  # the peak: 260 KiB
    builder.died(difference, (call, body), within=1)
    builder.died(mean, (call,), within=0)
    builder.died(raw, (Frame(USER, 11),))
    source = "\n" * 2 + "  return (x - m) / s\n"
    lines = by_lineno(builder.build(sources={USER: source}))
    assert lines[3] == Line(
        filename=USER, lineno=3, function="normalise", source="return (x - m) / s",
        peak_nbytes=260 * KIB, at_peak_nbytes=150 * KIB, share=150 / 260, temporary_nbytes=100 * KIB,
        kept_nbytes=50 * KIB, total_nbytes=150 * KIB, count=2, own_nbytes=150 * KIB,
    )  # fmt: skip
    # The call holds what it called; the mean is a temporary of it, but not of its own line.
    assert lines[10] == Line(
        filename=USER, lineno=10, function="<module>", source=None,
        peak_nbytes=260 * KIB, at_peak_nbytes=160 * KIB, share=160 / 260, temporary_nbytes=110 * KIB,
        kept_nbytes=50 * KIB, total_nbytes=160 * KIB, count=3, own_nbytes=0,
    )  # fmt: skip
    assert (lines[2].temporary_nbytes, lines[2].peak_nbytes) == (0, 110 * KIB)
    assert list(lines) == [3, 9, 2, 10], "allocating lines by live bytes, then callers; line 11 allocated nothing"


def test_recursion_counts_a_buffer_once() -> None:
    """A line that is three times on the stack holds its one buffer once."""
    frame = Frame(USER, 4, "dive")
    builder = TraceBuilder()
    handle = builder.born((frame, frame, frame), 8 * KIB)
    builder.died(handle, (frame,), within=0)
    (line,) = line_table(TraceIndex(builder.build()))
    assert (line.at_peak_nbytes, line.total_nbytes, line.count) == (8 * KIB, 8 * KIB, 1)
    assert line.temporary_nbytes == 8 * KIB


def test_library_lines_fold_into_the_line_that_called_them() -> None:
    """A library's buffer is the user's line's; with ``library`` its own line has a row too."""
    builder = TraceBuilder()
    builder.born((Frame(USER, 1), Frame(NUMPY, 7, "_mean")), 8 * KIB)
    trace = builder.build()
    assert [line.filename for line in line_table(TraceIndex(trace))] == [USER]
    assert [(line.filename, line.own_nbytes) for line in line_table(TraceIndex(trace), library=True)] == [
        (NUMPY, 8 * KIB),
        (USER, 0),
    ]


def test_a_stack_of_libraries_alone_is_its_innermost_frame() -> None:
    """A library's thread counts for its innermost frame, and only with what had no user's frame below."""
    start = Frame(THREADING, 9, "_bootstrap")
    builder = TraceBuilder()
    builder.born((start, Frame(NUMPY, 7, "_mean")), 8 * KIB)
    builder.born((start,), 5 * KIB)
    builder.born((start, Frame(USER, 1, "work")), 100 * KIB)
    rows = {(line.filename, line.lineno): line.total_nbytes for line in line_table(TraceIndex(builder.build()))}
    assert rows == {(NUMPY, 7): 8 * KIB, (THREADING, 9): 5 * KIB, (USER, 1): 100 * KIB}


def test_small_buffers_are_counted_and_their_temporaries_unknown() -> None:
    """A line that allocated only buffers below the threshold has exact bytes and no figure for temporaries."""
    builder = TraceBuilder(threshold=4096)
    small = [builder.born((Frame(USER, 1),), 24) for _ in range(10)]
    for handle in small[:4]:
        builder.died(handle, (Frame(USER, 1),), within=0)
    (line,) = line_table(TraceIndex(builder.build()))
    assert (line.total_nbytes, line.count, line.kept_nbytes, line.at_peak_nbytes) == (240, 10, 144, 240)
    assert line.temporary_nbytes is None


def test_dropped_events_make_a_mark_of_zero_unknown() -> None:
    """With dropped events a line without a recorded temporary has ``None``, not 0."""
    builder = TraceBuilder()
    builder.born((Frame(USER, 1),), 8 * KIB)
    handle = builder.born((Frame(USER, 2),), 8 * KIB)
    builder.died(handle, (Frame(USER, 2),), within=0)
    lines = by_lineno(builder.build(dropped=3))
    assert (lines[1].temporary_nbytes, lines[2].temporary_nbytes) == (None, 8 * KIB)


def test_at_the_end_the_lines_that_kept_come_first() -> None:
    """Order, share and own bytes are those of the moment; the other figures do not depend on it."""
    builder = TraceBuilder()
    big = builder.born((Frame(USER, 1),), 90 * KIB)
    builder.born((Frame(USER, 2),), 10 * KIB)
    builder.died(big, (Frame(USER, 3),))
    trace = builder.build()
    end, peak = line_table(TraceIndex(trace), moment=Moment.END), line_table(TraceIndex(trace))
    assert [(line.lineno, line.share) for line in end] == [(2, 1.0), (1, 0.0)]
    assert [(line.lineno, line.share) for line in peak] == [(1, 0.9), (2, 0.1)]
    assert end[0].at_peak_nbytes == peak[1].at_peak_nbytes == 10 * KIB


def test_comprehensions_show_the_function_around_them() -> None:
    """A comprehension's and a lambda's line name the function they stand in, where the source is known."""
    source = "def outer():\n    def inner():\n        return [x for x in y]\n    return lambda: 1\nz = lambda: 2\n"
    builder = TraceBuilder()
    for lineno, function in ((3, "<listcomp>"), (4, "<lambda>"), (5, "<lambda>")):
        builder.born((Frame(USER, lineno, function),), 8 * KIB)
    names = {n: line.function for n, line in by_lineno(builder.build(sources={USER: source})).items()}
    assert names == {3: "inner", 4: "outer", 5: "<module>"}
    assert by_lineno(builder.build())[3].function == "<listcomp>"


@pytest.mark.parametrize("source", ["def f(:\n", "\x00", "(" * 5000, "\ufeffx = 1\n", ""])
def test_sources_that_are_not_python_do_no_harm(source: str) -> None:
    """A source changed since the run, however broken, costs only the names that it would have given."""
    builder = TraceBuilder()
    builder.born((Frame(USER, 1, "<lambda>"),), 8 * KIB)
    (line,) = line_table(TraceIndex(builder.build(sources={USER: source})))
    assert line.total_nbytes == 8 * KIB
    assert line.source == (source.removeprefix("\ufeff").split("\n")[0] if source else None)


def test_a_run_without_arrays_has_no_lines() -> None:
    """No stack at all is an empty table, not an error."""
    assert line_table(TraceIndex(TraceBuilder().build())) == ()


@pytest.mark.parametrize("parent", [[0], [1, 0], [-1, 5], [-2]])
def test_a_damaged_tree_is_refused(parent: list[int]) -> None:
    """Callers that come after their callees, or are no node, raise one line that names the node."""
    builder = TraceBuilder()
    for lineno in range(len(parent)):
        builder.born((Frame(USER, lineno + 1),), 8 * KIB)
    trace = builder.build()
    tree = dataclasses.replace(trace.tree, parent=np.array(parent, np.int32))
    with pytest.raises(TraceError, match=r"node \d is called from node -?\d.*damaged"):
        line_table(TraceIndex(dataclasses.replace(trace, tree=tree)))


@given(traces(), st.booleans(), st.sampled_from(Moment))
def test_every_figure_is_that_of_the_stacks_written_out(trace: Trace, library: bool, moment: Moment) -> None:
    """For any program, each line's figures are the sums over the stacks it is on."""
    tallies = trace.tallies
    count = sum_lines(trace, tallies.count, library=library)
    total, kept, at_peak = (
        sum_lines(trace, column, library=library) for column in (tallies.total, tallies.live, tallies.at_peak)
    )
    highest = max_lines(trace, tallies.max_live, library=library)
    lines = line_table(TraceIndex(trace), library=library, moment=moment)
    assert {(line.filename, line.lineno) for line in lines} == {key for key, n in count.items() if n}
    for line in lines:
        key = (line.filename, line.lineno)
        assert (line.count, line.total_nbytes, line.kept_nbytes) == (count[key], total[key], kept[key])
        assert (line.at_peak_nbytes, line.peak_nbytes) == (at_peak[key], highest[key])


@given(traces(), st.sampled_from(Moment))
def test_temporaries_are_those_of_a_replay(trace: Trace, moment: Moment) -> None:
    """For any program, a line's temporary bytes are the most that a replay finds alive at once."""
    for line in line_table(TraceIndex(trace), moment=moment):
        if line.temporary_nbytes is not None:
            assert line.temporary_nbytes == replay_temporaries(trace, (line.filename, line.lineno))


@given(traces(), st.booleans(), st.sampled_from(Moment))
def test_own_bytes_sum_to_the_live_bytes(trace: Trace, library: bool, moment: Moment) -> None:
    """What each line itself holds sums to the live bytes of the program, and no figure exceeds its whole."""
    lines = line_table(TraceIndex(trace), library=library, moment=moment)
    live = trace.peak.nbytes if moment is Moment.PEAK else trace.live_nbytes
    assert sum(line.own_nbytes for line in lines) == live
    for line in lines:
        assert 0 <= line.at_peak_nbytes <= min(trace.peak.nbytes, line.total_nbytes)
        assert line.kept_nbytes <= line.total_nbytes <= trace.total_nbytes
        assert (line.temporary_nbytes or 0) <= trace.peak.nbytes
        assert line.share is None or 0 <= line.own_nbytes / live <= line.share <= 1


def test_roots_are_folders_and_not_beginnings_of_names() -> None:
    """A folder whose name only begins like a library's is the user's."""
    builder = TraceBuilder()
    builder.born((Frame(ROOTS[0] + "-mine/a.py", 1), Frame(ROOTS[0] + "/json/a.py", 2, "f")), 8 * KIB)
    assert [line.lineno for line in line_table(TraceIndex(builder.build()))] == [1]

"""The table of functions."""

from hypothesis import given
from tests.random_traces import traces
from tests.traces import USER, Frame, TraceBuilder

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.tables.functions import function_table
from ndmem.model.trace import Trace

KIB = 1024


def test_figures_by_function() -> None:
    """A function's lines are one row, with the line of its ``def``; its caller holds the same bytes."""
    source = "def work():\n    a = 1\n    b = 2\nwork()\n"
    top = Frame(USER, 4)
    builder = TraceBuilder()
    first = builder.born((top, Frame(USER, 2, "work")), 8 * KIB)
    builder.born((top, Frame(USER, 3, "work")), 16 * KIB)
    builder.died(first, (top,), within=0)
    work, module = function_table(TraceIndex(builder.build(sources={USER: source})))
    assert (work.function, work.lineno, work.at_peak_nbytes, work.count) == ("work", 1, 24 * KIB, 2)
    assert (work.kept_nbytes, work.temporary_nbytes, work.own_nbytes) == (16 * KIB, 0, 24 * KIB)
    assert (module.function, module.lineno, module.temporary_nbytes) == ("<module>", None, 8 * KIB)
    assert (module.at_peak_nbytes, module.own_nbytes) == (24 * KIB, 0)


def test_a_comprehension_belongs_to_the_function_around_it() -> None:
    """A comprehension has no row: Python 3.12 runs it in its function, and so do all versions here."""
    builder = TraceBuilder()
    builder.born((Frame(USER, 2, "work"), Frame(USER, 2, "<listcomp>")), 8 * KIB)
    (work,) = function_table(TraceIndex(builder.build()))
    assert (work.function, work.own_nbytes) == ("work", 8 * KIB)


@given(traces())
def test_own_bytes_sum_to_the_peak(trace: Trace) -> None:
    """What each function itself holds at the peak sums to the peak."""
    assert sum(row.own_nbytes for row in function_table(TraceIndex(trace))) == trace.peak.nbytes
    assert sum(row.own_nbytes for row in function_table(TraceIndex(trace), library=True)) == trace.peak.nbytes

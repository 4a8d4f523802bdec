"""Stacks without the frames that ran when tracking began."""

from tests.traces import USER, Frame, TraceBuilder

from ndmem.analysis.call_tree.outer import cut_callers
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.tables.lines import line_table

KIB = 1024
TOOL = "/home/ada/tool.py"
MAIN, RUN = Frame(TOOL, 1, "main"), Frame(TOOL, 5, "run")


def test_the_callers_are_gone_and_the_figures_stay() -> None:
    """Lines below the callers have the figures of a trace that never had them, temporaries too; callers have none."""
    tables = []
    for outer in ((MAIN, RUN), ()):
        builder = TraceBuilder()
        work = (*outer, Frame(USER, 3, "work"))
        kept = builder.born((*work, Frame(USER, 9, "make")), 100 * KIB)
        part = builder.born(work, 50 * KIB)
        builder.died(part, work, within=len(outer))
        builder.died(kept, (*outer, Frame(USER, 4, "work")))
        trace = cut_callers(builder.build(), [(frame.filename, frame.function) for frame in outer])
        tables.append({line.lineno: line for line in line_table(TraceIndex(trace)) if line.count})
    assert tables[0] == tables[1]
    assert {lineno: line.temporary_nbytes for lineno, line in tables[0].items()} == {3: 50 * KIB, 9: 0}


def test_a_stack_that_leaves_the_callers_early_is_cut_there() -> None:
    """What the tool allocates beside the code that it runs keeps its line, as does a later call of its functions."""
    builder = TraceBuilder()
    builder.born((MAIN, Frame(TOOL, 7, "report")), 10 * KIB)
    builder.born((MAIN, RUN, MAIN, RUN), 20 * KIB)
    trace = cut_callers(builder.build(), [(TOOL, "main"), (TOOL, "run")])
    nbytes = {line.lineno: line.total_nbytes for line in line_table(TraceIndex(trace)) if line.count}
    assert nbytes == {7: 10 * KIB, 5: 20 * KIB, 1: 20 * KIB}


def test_a_death_within_a_caller_alone_is_within_no_execution() -> None:
    """A buffer that was freed after its own line had ended, while the tool's line still ran, is no temporary."""
    builder = TraceBuilder()
    array = builder.born((MAIN, Frame(USER, 3)), 10 * KIB)
    builder.died(array, (MAIN, Frame(USER, 4)), within=0)
    trace = cut_callers(builder.build(), [(TOOL, "main")])
    assert trace.events.within.tolist() == [-1, -1]
    assert [line.temporary_nbytes for line in line_table(TraceIndex(trace)) if line.count] == [0]

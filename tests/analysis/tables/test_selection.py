"""Rows of a table for people."""

from hypothesis import given
from hypothesis import strategies as st
from tests.random_traces import traces
from tests.traces import NUMPY, USER, Frame, TraceBuilder

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.moment import Moment, nbytes_at
from ndmem.analysis.tables.lines import line_table
from ndmem.analysis.tables.selection import Selection, find_imports, select_rows
from ndmem.model.trace import Trace

KIB = 1024
IMPORT = Frame("<frozen importlib._bootstrap>", 1360, "_find_and_load")


def select(trace: Trace, moment: Moment = Moment.PEAK, *, native: bool = True) -> Selection:
    """Return the selection of a trace's lines."""
    index = TraceIndex(trace)
    rows = line_table(index, moment=moment)
    return select_rows(index, rows, moment=moment, whole=nbytes_at(trace, moment), native=native)


def test_imports_are_summed() -> None:
    """The user's line that imports, the import system and blocks of no code are one sum; a module's own line is not."""
    builder = TraceBuilder(native_threshold=64)
    builder.native((Frame(USER, 1), IMPORT, Frame(NUMPY, 1)), 30 * KIB)
    builder.native((IMPORT,), 10 * KIB)
    builder.native((Frame("", 0, "<no Python frame>"),), 5 * KIB)
    builder.born((Frame(USER, 1), IMPORT, Frame(NUMPY, 1)), 2 * KIB)
    builder.born((Frame(USER, 2), IMPORT, Frame("/home/ada/own.py", 3)), 50 * KIB)
    found = select(builder.build())
    assert found.imports is not None
    assert (found.imports.nbytes, found.imports.native_nbytes) == (2 * KIB, 45 * KIB)
    assert [(line.filename, line.lineno) for line in found.shown] == [("/home/ada/own.py", 3), (USER, 2)]
    assert found.imports.text != "imports"


def test_imports_alone_are_called_imports() -> None:
    """Where nothing came from elsewhere the row is "imports"."""
    builder = TraceBuilder(native_threshold=64)
    builder.native((Frame(USER, 1), IMPORT), 30 * KIB)
    assert find_imports(TraceIndex(builder.build())).text == "imports"


def test_a_line_that_also_allocates_is_no_import() -> None:
    """A line of which one allocation was not below an import keeps its row."""
    builder = TraceBuilder(native_threshold=64)
    builder.native((Frame(USER, 1), IMPORT), 30 * KIB)
    builder.born((Frame(USER, 1),), 30 * KIB)
    assert select(builder.build()).imports is None


def test_a_row_matters_for_any_of_its_figures() -> None:
    """A hundredth at the peak, kept or temporary is enough; less in all is not."""
    builder = TraceBuilder()
    builder.born((Frame(USER, 1),), 1000 * KIB)
    temporary = builder.born((Frame(USER, 2),), 12 * KIB)
    builder.died(temporary, (Frame(USER, 2),), within=0)
    for lineno in (3, 4):
        builder.born((Frame(USER, lineno),), 5 * KIB)
    found = select(builder.build())
    assert [line.lineno for line in found.shown] == [1, 2]
    assert sorted(line.lineno for line in found.small) == [3, 4]


@given(traces() | traces(native=True), st.sampled_from(Moment), st.booleans())
def test_each_row_is_in_one_place(trace: Trace, moment: Moment, native: bool) -> None:
    """For any program a row is shown, small or of imports, and the bytes of all sum to what is live."""
    found, rows = select(trace, moment, native=native), line_table(TraceIndex(trace), moment=moment)
    imports = find_imports(TraceIndex(trace), moment)
    own = [row for row in rows if (row.filename, row.lineno) not in imports.places]
    assert sorted(map(repr, [*found.shown, *found.small])) == sorted(map(repr, own))
    assert sum(row.own_nbytes for row in own) + imports.nbytes == nbytes_at(trace, moment)

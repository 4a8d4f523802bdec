"""What a process did at its peak."""

from tests.traces import THREADING, USER, Frame, TraceBuilder

from ndmem.analysis.answer.phase import Phase
from ndmem.analysis.answer.total import find_total
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.peak import find_total_node
from ndmem.model.trace import Trace
from ndmem.reporting.sentences.total import total_sentence

KIB = 1024
IMPORT = (Frame("<frozen importlib._bootstrap>", 1360, "_find_and_load"), Frame("", 0, "<no Python frame>"))


def phase(trace: Trace) -> Phase:
    """Return the phase of the total peak."""
    found = find_total(TraceIndex(trace))
    assert found is not None
    return found.phase


def with_array() -> TraceBuilder:
    """Record an array of 1 MiB that a line of the user's keeps."""
    builder = TraceBuilder(native_threshold=64)
    builder.born((Frame(USER, 1),), 1024 * KIB)
    return builder


def test_imports_after_a_failure_are_the_traceback() -> None:
    """Modules imported without a caller after the last line of a failed program are those for the traceback."""
    builder = with_array()
    builder.native(IMPORT, 100 * KIB)
    assert phase(builder.build(exit_status=1)) is Phase.TRACEBACK
    assert phase(builder.build(exit_status=0)) is Phase.IMPORTS
    sentence = total_sentence(TraceIndex(builder.build(exit_status=1)))
    assert sentence is not None
    assert "while Python printed the traceback, " in sentence


def test_imports_before_another_line_are_not_the_traceback() -> None:
    """If a line of the program runs later, it had not failed yet."""
    builder = with_array()
    block = builder.native(IMPORT, 100 * KIB)
    builder.died(block, (Frame(USER, 2),))
    assert phase(builder.build(exit_status=1)) is Phase.IMPORTS


def test_an_import_of_the_users_is_told_as_an_import() -> None:
    """Where an import of the user's reached the total peak, the sentence speaks of imports, not of the line."""
    builder = with_array()
    builder.native((Frame(USER, 3), *IMPORT), 100 * KIB)
    trace = builder.build()
    assert phase(trace) is Phase.IMPORTS
    assert "MiB while modules were imported, " in str(total_sentence(TraceIndex(trace)))


def test_a_line_within_a_hundredth_of_the_peak_is_its_place() -> None:
    """Imports that add less than 1 % to what a line had reached do not take the place of the line."""
    builder = with_array()
    builder.native(IMPORT, 10 * KIB)
    index = TraceIndex(builder.build(exit_status=1))
    assert index.trace.stack(find_total_node(index))[0].filename == USER
    assert phase(index.trace) is Phase.PROGRAM


def test_threads() -> None:
    """A thread of a library runs Python code, one of a C library does not."""
    for path, expected in (((Frame(THREADING, 9),), Phase.PROGRAM), ((Frame("", 0),), Phase.OUTSIDE)):
        builder = with_array()
        builder.native(path, 100 * KIB)
        assert phase(builder.build()) is expected


def test_growth_of_openblas_is_not_the_import_that_mapped_it() -> None:
    """A thread buffer that grows during a computation leaves the place of the peak with the computation."""
    builder = with_array()
    builder.native((Frame(USER, 5),), 500 * KIB)
    grown = builder.native((Frame(USER, 2), IMPORT[0]), 100 * KIB)
    index = TraceIndex(builder.build(origins={builder.number(grown): "libscipy_openblas64_.so"}))
    assert index.trace.stack(find_total_node(index))[0].lineno == 5
    other = TraceIndex(builder.build(origins={builder.number(grown): "libarrow.so"}))
    assert other.trace.stack(find_total_node(other))[-1].lineno == 2

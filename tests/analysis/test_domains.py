"""Arrays and native blocks apart: neither domain changes the figures of the other."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.analysis import oracles
from tests.random_traces import traces, twins
from tests.traces import NUMPY, USER, Frame, TraceBuilder

from ndmem.analysis.answer.answer import find_answer
from ndmem.analysis.answer.total import live_native
from ndmem.analysis.call_tree.frames import user_site
from ndmem.analysis.call_tree.stacks import stack_weights
from ndmem.analysis.domains import DomainTotals, compute_domains, of_domain
from ndmem.analysis.file_names import base_name
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.live import find_live, live_buffers
from ndmem.analysis.measure import Measure
from ndmem.analysis.moment import Moment
from ndmem.analysis.over_time.timeline import timeline
from ndmem.analysis.peak import find_peak_node
from ndmem.analysis.stats import compute_stats
from ndmem.analysis.tables.figures import Figures, NativeFigures
from ndmem.analysis.tables.functions import function_table
from ndmem.analysis.tables.lines import Line, line_table
from ndmem.model.trace import Domain, Trace
from ndmem.reporting.sentences.arrays import write_arrays

KIB = 1024
ARRAY_FIGURES = ("peak_nbytes", "at_peak_nbytes", "share", "temporary_nbytes", "kept_nbytes", "total_nbytes", "count",
                 "own_nbytes")  # fmt: skip


def _arrays_of(rows: tuple[Any, ...]) -> dict[tuple[str, Any, str], list[Any]]:
    """Return what a table says of arrays, by place."""
    return {
        (row.filename, row.lineno, row.function): [getattr(row, name) for name in ARRAY_FIGURES]
        for row in rows
        if row.count
    }


@given(twins(), st.sampled_from(Moment), st.booleans())
def test_what_is_said_of_arrays_does_not_depend_on_native_blocks(
    both: tuple[Trace, Trace], moment: Moment, library: bool
) -> None:
    """For any program all figures of arrays are, to the byte, those of the same run without native blocks."""
    watched, plain = both
    for table in (line_table, function_table):
        tables = [_arrays_of(table(TraceIndex(trace), library=library, moment=moment)) for trace in both]
        assert tables[0] == tables[1]
    buffers = [
        [(b.nbytes, b.stack, b.site, b.temporary) for b in live_buffers(TraceIndex(trace), moment)] for trace in both
    ]
    assert buffers[0] == buffers[1]
    assert stack_weights(TraceIndex(watched), Measure.of(moment), library=library) == stack_weights(
        TraceIndex(plain), Measure.of(moment), library=library
    )
    assert find_answer(TraceIndex(watched), moment) == find_answer(TraceIndex(plain), moment)
    if watched.peak.nbytes:
        words = [write_arrays(TraceIndex(trace), moment, base_name) for trace in both]
        assert words[0] == words[1]
    assert user_site(TraceIndex(watched), find_peak_node(TraceIndex(watched))) == user_site(
        TraceIndex(plain), find_peak_node(TraceIndex(plain))
    )
    assert (watched.live_nbytes, watched.total_nbytes) == (plain.live_nbytes, plain.total_nbytes)
    assert max(point.live_nbytes for point in timeline(TraceIndex(watched))) == max(
        point.live_nbytes for point in timeline(TraceIndex(plain))
    )
    added = {"domains", "native_threshold_nbytes", "total_peak_nbytes"}
    stats = [dataclasses.asdict(compute_stats(TraceIndex(trace))) for trace in both]
    assert all(stats[0][name] == stats[1][name] for name in stats[0].keys() - added)


@given(traces(native=True))
def test_the_laws_of_the_total_peak(trace: Trace) -> None:
    """Bytes by node sum to the total peak, which no moment exceeds and which neither kind alone does."""
    assert trace.total is not None
    assert trace.native is not None
    assert trace.tallies.at_total_peak.sum() == trace.total.nbytes
    native = trace.events.native_live()
    assert native.min(initial=0) >= 0
    assert (trace.events.live + native).max(initial=0) <= trace.total.nbytes
    assert native.max(initial=0) == trace.native.nbytes
    assert max(trace.peak.nbytes, trace.native.nbytes) <= trace.total.nbytes <= trace.peak.nbytes + trace.native.nbytes
    blocks = of_domain(trace, trace.tallies.at_total_peak, Domain.NATIVE)
    assert live_native(TraceIndex(trace)).nbytes.sum() == blocks.sum()
    assert live_native(TraceIndex(trace), Moment.END).nbytes.sum() == trace.native_live_nbytes
    assert not live_native(TraceIndex(dataclasses.replace(trace, native=None, total=None))).buffer.size


@given(traces(native=True), st.booleans())
def test_every_native_figure_is_that_of_the_stacks_written_out(trace: Trace, library: bool) -> None:
    """A line's native figures are the sums and maxima over all stacks that it is on."""
    rows = {(line.filename, line.lineno): line for line in line_table(TraceIndex(trace), library=library)}
    tallies = trace.tallies
    for name in ("at_total_peak", "live", "total", "count"):
        field = {"live": "kept_nbytes", "count": "count"}.get(name, f"{name}_nbytes")
        sums = oracles.sum_lines(trace, of_domain(trace, getattr(tallies, name), Domain.NATIVE), library=library)
        assert {key: getattr(row.native, field) for key, row in rows.items()} == {key: sums[key] for key in rows}
    arrays = oracles.sum_lines(trace, of_domain(trace, tallies.at_total_peak, Domain.ARRAY), library=library)
    assert {key: row.at_total_peak_nbytes for key, row in rows.items()} == {key: arrays[key] for key in rows}
    highest = oracles.max_lines(trace, tallies.max_native, library=library)
    assert all((row.native.peak_nbytes if row.native else 0) == highest[key] for key, row in rows.items())
    assert all(count == 0 for key, count in oracles.sum_lines(trace, tallies.count, library=library).items()
               if key not in rows)  # fmt: skip


@given(traces(native=True))
def test_native_temporaries_are_those_of_a_replay(trace: Trace) -> None:
    """The mark of each line is the highest that asking after each event which temporaries are alive gives."""
    for line in line_table(TraceIndex(trace)):
        assert line.native is not None
        expected = oracles.replay_temporaries(trace, (line.filename, line.lineno), Domain.NATIVE)
        assert line.native.temporary_nbytes == expected


def test_a_decomposition_worked_out_by_hand() -> None:
    """A line with 16 KiB of arrays and 48 KiB of work memory in a library has both, each in its own figures."""
    work, inside = Frame(USER, 5, "work"), Frame(NUMPY, 9, "svd")
    builder = TraceBuilder(native_threshold=KIB)
    held = builder.born((Frame(USER, 1),), 8 * KIB)
    result = builder.born((work, inside), 16 * KIB)
    first, second = builder.native((work, inside), 32 * KIB), builder.native((work, inside), 16 * KIB)
    builder.died(first, (work, inside), within=0)
    builder.died(second, (work, inside), within=0)
    builder.native((Frame(USER, 6, "work"),), 4 * KIB)
    trace = builder.build()
    lines = {line.lineno: line for line in line_table(TraceIndex(trace))}
    assert lines[5] == Line(
        filename=USER, lineno=5, function="work", source=None,
        peak_nbytes=24 * KIB, at_peak_nbytes=16 * KIB, share=16 / 24, temporary_nbytes=0, kept_nbytes=16 * KIB,
        total_nbytes=16 * KIB, count=1, own_nbytes=16 * KIB, at_total_peak_nbytes=16 * KIB,
        foreign=NativeFigures(
            peak_nbytes=0, at_total_peak_nbytes=0, temporary_nbytes=0, kept_nbytes=0, total_nbytes=0, count=0,
        ),
        native=NativeFigures(
            peak_nbytes=48 * KIB, at_total_peak_nbytes=48 * KIB, temporary_nbytes=48 * KIB, kept_nbytes=0,
            total_nbytes=48 * KIB, count=2,
        ),
    )  # fmt: skip
    # A line without arrays knows that it has none; what was alive while it ran its native block tells.
    assert (lines[6].count, lines[6].temporary_nbytes, lines[6].peak_nbytes) == (0, 0, 24 * KIB)
    assert lines[6].native == NativeFigures(
        peak_nbytes=4 * KIB, at_total_peak_nbytes=0, temporary_nbytes=0, kept_nbytes=4 * KIB, total_nbytes=4 * KIB,
        count=1,
    )  # fmt: skip
    assert compute_domains(TraceIndex(trace)).array == DomainTotals(24 * KIB, 24 * KIB, 24 * KIB)
    assert compute_domains(TraceIndex(trace)).native == DomainTotals(48 * KIB, 4 * KIB, 52 * KIB)
    assert held != result


def test_what_was_not_watched_is_not_known() -> None:
    """Without native memory its figures are None, never 0."""
    builder = TraceBuilder()
    builder.born((Frame(USER, 1),), 8 * KIB)
    trace = builder.build()
    (line,) = line_table(TraceIndex(trace))
    stats = compute_stats(TraceIndex(trace))
    domains = compute_domains(TraceIndex(trace))
    assert (line.native, line.foreign, line.at_total_peak_nbytes) == (None, None, None)
    assert (domains.native, domains.foreign, domains.mapped) == (None, None, None)
    assert (stats.total_peak_nbytes, stats.native_threshold_nbytes, stats.rss_peak_nbytes) == (None, None, None)


def test_dropped_events_leave_native_temporaries_unknown() -> None:
    """A block without a recorded deallocation may have been a temporary."""
    builder = TraceBuilder(native_threshold=KIB)
    builder.native((Frame(USER, 1),), 8 * KIB)
    (line,) = line_table(TraceIndex(builder.build(dropped=1)))
    assert line.native is not None
    assert (line.native.temporary_nbytes, line.native.kept_nbytes) == (None, 8 * KIB)


@pytest.mark.parametrize("domain", Domain)
def test_each_domain_has_its_own_live_buffers(domain: Domain) -> None:
    """Of two buffers alive each is found in its own domain alone."""
    builder = TraceBuilder(native_threshold=KIB)
    builder.born((Frame(USER, 1),), 8 * KIB)
    builder.native((Frame(USER, 1),), 4 * KIB)
    expected = {Domain.ARRAY: [8 * KIB], Domain.NATIVE: [4 * KIB]}.get(domain, [])
    assert find_live(TraceIndex(builder.build()), until=2, domain=domain).nbytes.tolist() == expected


def test_a_row_takes_its_figures_along() -> None:
    """A table's row has every figure that was computed for it."""
    assert {*ARRAY_FIGURES, "at_total_peak_nbytes", "foreign", "native"} == set(Figures.__dataclass_fields__)

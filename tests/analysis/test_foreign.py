"""`tell_foreign`: native blocks in which an array was found are of a domain of their own."""

import dataclasses

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.random_traces import traces
from tests.traces import USER, Frame, TraceBuilder

from ndmem.analysis.answer.kind import Kind as Leading
from ndmem.analysis.answer.kind import leading_kind
from ndmem.analysis.answer.mapped import find_mapped
from ndmem.analysis.answer.total import find_total
from ndmem.analysis.domains import DomainTotals, compute_domains
from ndmem.analysis.foreign import tell_foreign
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.over_time.curve import read_curve
from ndmem.analysis.tables.lines import line_table
from ndmem.model.columns import Domain, Kind
from ndmem.model.holder import Holder
from ndmem.model.trace import Trace
from ndmem.model.trace_file.checks import check_trace
from ndmem.reporting.sentences.answer import answer_sentence
from ndmem.reporting.sentences.mapped import mapped_sentence
from ndmem.reporting.sentences.total import total_sentence

MIB = 2**20
_READ, _WORK, _LAST = (Frame(USER, 3),), (Frame(USER, 5),), (Frame(USER, 9),)


def _holder(buffer: int, name: str = "data", events: int = 0) -> Holder:
    return Holder(buffer, name, "main", (1000,), "float64", is_view=False, events=events)


def _live_at(trace: Trace, buffers: set[int], until: int) -> int:
    """Sum the live bytes of some buffers after so many events, one event at a time."""
    live = {}
    for kind, buffer, nbytes in zip(
        *(getattr(trace.events, name)[:until].tolist() for name in ("kind", "buffer", "nbytes")), strict=True
    ):
        if buffer in buffers and kind == Kind.BORN:
            live[buffer] = nbytes
        else:
            live.pop(buffer, None)
    return sum(live.values())


@given(traces(native=True), st.data())
def test_counters_are_those_of_a_replay(trace: Trace, data: st.DataObject) -> None:
    """Of random blocks that have holders the figures are a replay's; those of arrays, and all sums, stay the same."""
    born = trace.events.kind == Kind.BORN
    native = trace.events.buffer[born & (trace.events.domain == Domain.NATIVE)].tolist()
    held = set(data.draw(st.lists(st.sampled_from(native), unique=True))) if native else set()
    arrays = trace.events.buffer[born & (trace.events.domain == Domain.ARRAY)].tolist()
    told = tell_foreign(dataclasses.replace(trace, holders=tuple(map(_holder, [*held, *arrays]))))
    check_trace(told)
    assert trace.total is not None
    assert told.native is not None
    moments = {"live": len(trace.events), "at_peak": trace.peak.events, "at_total_peak": trace.total.events}
    for name, until in moments.items():
        column = getattr(told.tallies, name)
        assert int(column[told.tree.domain == Domain.FOREIGN].sum()) == _live_at(trace, held, until)
        assert int(column[told.tree.domain == Domain.NATIVE].sum()) == _live_at(trace, set(native) - held, until)
    for name in ("count", "total", *moments):
        before, after = getattr(trace.tallies, name), getattr(told.tallies, name)
        assert after.sum() == before.sum()
        of_arrays = told.tree.domain == Domain.ARRAY
        assert (after[of_arrays] == before[trace.tree.domain == Domain.ARRAY]).all()
    highest = max((_live_at(trace, set(native) - held, until) for until in range(len(trace.events) + 1)), default=0)
    assert told.native.nbytes == highest
    assert (told.peak, told.total) == (trace.peak, trace.total)


@given(traces(native=True))
def test_a_trace_without_such_blocks_is_left_alone(trace: Trace) -> None:
    """Without a named holder of a native block, or with one that only lost its name, the trace is the same object."""
    arrays = trace.events.buffer[trace.events.domain == Domain.ARRAY].tolist()
    native = trace.events.buffer[trace.events.domain == Domain.NATIVE].tolist()
    given_ = dataclasses.replace(trace, holders=(*map(_holder, arrays), *(_holder(each, "") for each in native)))
    assert tell_foreign(given_) is given_


def _read_and_compute() -> Trace:
    """Read 60 MiB, of which 40 MiB is an array's, then compute with 10 MiB of arrays; map 200 MiB, then 5 MiB more."""
    builder = TraceBuilder(native_threshold=65536)
    text = builder.native(_READ, 40 * MIB, time_s=0.1)
    table = builder.native(_WORK, 20 * MIB, time_s=0.2)
    array = builder.born(_WORK, 10 * MIB, time_s=0.3)
    file = builder.born(_LAST, 200 * MIB, time_s=0.4, domain=Domain.MAPPED)
    more = builder.born(_LAST, 5 * MIB, time_s=0.5, domain=Domain.MAPPED)
    for handle in (table, array, file):
        builder.died(handle, _LAST, time_s=0.6)
    holders = [_holder(builder.number(text)), _holder(builder.number(file), "frames", 4)]
    names = {builder.number(file): "/data/frames.npy", builder.number(more): "/dev/shm/psm_1"}
    return builder.build(holders=holders, origins=names)


def test_totals_of_each_kind() -> None:
    """Each kind has its own peak; the total peak is that of arrays, foreign and native memory, without mapped files."""
    index = TraceIndex(_read_and_compute())
    domains, found = compute_domains(index), find_total(index)
    assert domains.array == DomainTotals(10 * MIB, 0, 10 * MIB)
    assert domains.foreign == DomainTotals(40 * MIB, 40 * MIB, 40 * MIB)
    assert domains.native == DomainTotals(20 * MIB, 0, 20 * MIB)
    assert domains.mapped == DomainTotals(205 * MIB, 5 * MIB, 205 * MIB)
    assert found is not None
    sizes = found.nbytes, found.array_nbytes, found.foreign_nbytes, found.native_nbytes
    assert sizes == (70 * MIB, 10 * MIB, 40 * MIB, 20 * MIB)
    curve = read_curve(index)
    assert int(curve.total.max()) == 70 * MIB
    assert min(curve.live.min(), curve.foreign.min(), curve.native.min()) >= 0


def test_lines_have_foreign_memory_of_their_own() -> None:
    """The line that read has 40 MiB of foreign memory and nothing native; the one that computed the reverse."""
    lines = {line.lineno: line for line in line_table(TraceIndex(_read_and_compute()))}
    assert lines[3].foreign is not None
    assert lines[3].native is not None
    assert (lines[3].foreign.at_total_peak_nbytes, lines[3].native.at_total_peak_nbytes) == (40 * MIB, 0)
    assert lines[5].foreign is not None
    assert lines[5].native is not None
    assert (lines[5].foreign.at_total_peak_nbytes, lines[5].native.at_total_peak_nbytes) == (0, 20 * MIB)
    assert lines[5].native.peak_nbytes == 20 * MIB  # not the 60 MiB that were recorded as native


def test_the_first_sentence_is_about_what_is_largest() -> None:
    """Mapped files lead with 205 MiB of 275; without them the foreign array does, and the files have no sentence."""
    trace = _read_and_compute()
    index = TraceIndex(trace)
    assert leading_kind(index) is Leading.MAPPED
    first = answer_sentence(index)
    assert first.startswith("Maps 205 MiB of 2 files at ")
    assert "held by `frames`" in first
    assert mapped_sentence(index) is None
    mapped = find_mapped(index)
    assert mapped is not None
    assert mapped.files == ("/data/frames.npy", "/dev/shm/psm_1")
    events = trace.events
    unmapped = dataclasses.replace(
        trace,
        events=dataclasses.replace(
            events, domain=np.where(events.domain == Domain.MAPPED, Domain.DEVICE, events.domain)
        ),
    )
    index = TraceIndex(unmapped)
    assert leading_kind(index) is Leading.FOREIGN
    first, second = answer_sentence(index), total_sentence(index)
    assert first.startswith("Peak 70 MiB: 40 MiB is one array over memory that NumPy did not allocate, allocated at ")
    assert "held by `data`" in first
    assert second is not None
    assert second.startswith("Arrays alone peak at 10 MiB")

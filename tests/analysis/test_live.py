"""The buffers alive at a moment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.random_traces import traces
from tests.traces import NUMPY, USER, Frame, TraceBuilder

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.live import live_buffers, small_nbytes
from ndmem.analysis.moment import Moment
from ndmem.model.holder import GARBAGE, ArrayForm, Holder
from ndmem.model.trace import Kind, Trace

KIB = 1024
LINE = Frame(USER, 1, "work", (4, 14))
SOURCE = "y = np.mean(x) + 1\n"


def test_buffers_at_the_peak_and_at_the_end() -> None:
    """Buffers are sorted by size, each with its stack, the user's site, its expression and its holders."""
    builder = TraceBuilder()
    temporary = builder.born((LINE, Frame(NUMPY, 5, "_mean")), 8 * KIB)
    kept = builder.born((LINE,), 16 * KIB)
    builder.born((LINE,), 100)
    builder.died(temporary, (LINE,), within=0)
    view = Holder(builder.number(kept), "v", "work", (10,), "float64", is_view=True)
    owner = Holder(builder.number(kept), "a", "work", (2048,), "float64", is_view=False)
    trace = builder.build(sources={USER: SOURCE}, holders=[view, owner])
    first, second = live_buffers(TraceIndex(trace))
    assert (first.nbytes, first.temporary, first.holders, first.holder) == (
        16 * KIB, False, (owner, view), owner,
    )  # fmt: skip
    assert (second.nbytes, second.temporary, second.holder) == (8 * KIB, True, None)
    assert second.site == LINE.site()
    assert [site.filename for site in second.stack] == [NUMPY, USER]
    assert first.expression == second.expression == "np.mean(x)"
    assert small_nbytes(TraceIndex(trace)) == 100
    assert [buffer.nbytes for buffer in live_buffers(TraceIndex(trace), Moment.END)] == [16 * KIB]


def test_a_buffer_that_outlives_its_line_is_no_temporary() -> None:
    """A buffer freed within its caller's statement is not a temporary of the line that allocated it."""
    call, inner = Frame(USER, 2), Frame(USER, 1, "work")
    builder = TraceBuilder()
    builder.died(builder.born((call, inner), 8 * KIB), (call,), within=0)
    (buffer,) = live_buffers(TraceIndex(builder.build()))
    assert buffer.temporary is False


def test_a_holder_is_that_of_the_moment() -> None:
    """Of several looks the last until the moment counts; a buffer named only later has its first name."""
    builder = TraceBuilder()
    early, late = builder.born((LINE,), 8 * KIB), builder.born((LINE,), 9 * KIB)
    builder.died(builder.born((LINE,), 10 * KIB), (LINE,))  # the peak is after 3 events
    holders = [
        Holder(builder.number(handle), name, "work", (1024,), "float64", is_view=False, events=events)
        for handle, name, events in [
            (early, "born", 1), (early, "kept", 2), (early, "renamed", 4),
            (late, "second", 6), (late, "first", 4),
        ]
    ]  # fmt: skip
    trace = builder.build(holders=holders)
    at_peak = {b.nbytes: b.holder.name for b in live_buffers(TraceIndex(trace)) if b.holder}
    assert at_peak == {8 * KIB: "kept", 9 * KIB: "first"}
    at_end = {b.nbytes: b.holder.name for b in live_buffers(TraceIndex(trace), Moment.END) if b.holder}
    assert at_end == {8 * KIB: "renamed", 9 * KIB: "first"}


def test_what_was_garbage_after_the_moment_has_no_holder_at_it() -> None:
    """A buffer found in a reference cycle after the peak, and then no longer, is named there by its statement."""
    builder = TraceBuilder()
    buffer = builder.born((Frame(USER, 1, "work", (4, 18)),), 8 * KIB)
    builder.died(builder.born((Frame(USER, 2),), 10 * KIB), (Frame(USER, 2),))  # the peak is after 2 events
    garbage = Holder(
        builder.number(buffer), "Node (in a reference cycle)", GARBAGE, (1024,), "f8", is_view=False, events=3
    )
    lost = Holder(builder.number(buffer), "", "", (), "|V0", is_view=False, events=4)
    trace = builder.build(sources={USER: SOURCE}, holders=[garbage, lost])
    found = live_buffers(TraceIndex(trace))[1]
    assert (found.nbytes, found.holders, found.former) == (8 * KIB, (), ())
    assert found.target is not None
    assert found.target.name == "y"


def test_an_unseen_array_has_the_form_of_those_of_its_place() -> None:
    """It is likely where all that were seen of its place and size agree, whatever the way to it, else unknown."""
    other, call, leaf = Frame(USER, 1, "work", (20, 30)), Frame(NUMPY, 4, "mean"), Frame(NUMPY, 5, "_mean")
    builder = TraceBuilder()
    seen, again = (builder.born((way, call, leaf), 8 * KIB) for way in (LINE, other))
    builder.born((LINE, Frame(NUMPY, 7, "var"), leaf), 8 * KIB)
    builder.born((LINE,), 9 * KIB)
    builder.born((other,), 8 * KIB + 8)
    both = [builder.born((LINE,), 16 * KIB) for _ in range(3)]
    viewed, _ = (builder.born((other,), 32 * KIB) for _ in range(2))
    form = ArrayForm((32, 32), "float64")
    forms = {
        builder.number(seen): form,
        builder.number(both[0]): ArrayForm((2, 1024), "float64"),
        builder.number(both[1]): ArrayForm((2048,), "float64"),
    }
    part = Holder(builder.number(viewed), "v", "work", (10,), "float64", is_view=True)
    buffers = live_buffers(TraceIndex(builder.build(forms=forms, holders=[part])))
    found = {buffer.buffer: (buffer.array, buffer.is_form_likely) for buffer in buffers}
    assert found[builder.number(seen)] == (form, False)
    assert found[builder.number(again)] == (form, True)
    assert {number for number, (_, is_likely) in found.items() if is_likely} == {builder.number(again)}
    assert sum(array is None for array, _ in found.values()) == 5


@pytest.mark.parametrize("how", [{"dropped": 1}, {"exit_status": -9}])
def test_what_cannot_be_known_to_be_temporary_is_none(how: dict[str, int]) -> None:
    """A buffer whose death may be lost, or did not come as the program was killed, is not judged."""
    builder = TraceBuilder()
    builder.born((LINE,), 8 * KIB)
    (buffer,) = live_buffers(TraceIndex(builder.build(**how)))
    assert buffer.temporary is None


def test_limit_keeps_the_largest() -> None:
    """With a limit only the largest are returned; a negative one is none."""
    builder = TraceBuilder()
    for nbytes in (5000, 9000, 7000):
        builder.born((LINE,), nbytes)
    trace = builder.build()
    assert [buffer.nbytes for buffer in live_buffers(TraceIndex(trace), limit=2)] == [9000, 7000]
    assert live_buffers(TraceIndex(trace), limit=-1) == ()


@given(traces(), st.sampled_from(Moment))
def test_buffers_and_small_ones_are_the_live_bytes(trace: Trace, moment: Moment) -> None:
    """The buffers are those of a replay, and with the small ones they sum to the live bytes."""
    events = trace.events
    alive: dict[int, int] = {}
    for e in range(trace.peak.events if moment is Moment.PEAK else len(events)):
        if events.kind[e] == Kind.BORN:
            alive[int(events.buffer[e])] = int(events.nbytes[e])
        else:
            del alive[int(events.buffer[e])]
    buffers = live_buffers(TraceIndex(trace), moment)
    assert {buffer.buffer: buffer.nbytes for buffer in buffers} == alive
    assert [buffer.nbytes for buffer in buffers] == sorted(alive.values(), reverse=True)
    live = trace.peak.nbytes if moment is Moment.PEAK else trace.live_nbytes
    assert sum(alive.values()) + small_nbytes(TraceIndex(trace), moment) == live
    assert small_nbytes(TraceIndex(trace), moment) >= 0

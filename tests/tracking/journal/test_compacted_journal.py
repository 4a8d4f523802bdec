"""A journal that left events out, written by hand: read as it is meant, and doubted."""

from pathlib import Path

import pytest
from tests import journals
from tests.journals import BORN, CLOCK, COMPACTED, DIED, NATIVE, event, node

from ndmem.model.trace import Peak, Trace

MS = 1_000_000
HEADER = {
    "threshold": 4096,
    "native_threshold": 65536,
    "live": 16000,
    "peak": 50000,
    "peak_serial": 2,
    "peak_events": 6,
    "peak_node": 1,
    "total_peak": 104000,
    "total_events": 3,
    "total_node": 1,
    "events": 7,
    "compaction": 5,
}
NODES = (
    node(0, 0, offset=-1, lineno=-1, end_lineno=-1, col=-1, end_col=-1),
    node(1, 0, code=1, lineno=1, end_lineno=1, col=4, end_col=9, live=16000, total=120000, count=4, max_live=50000),
)
# Of seven events four are left out: an array of 18,000 bytes and a native block of 70,000 came and went.
FIRST = (
    event(1, BORN, 16000, 16000),
    event(0, CLOCK, 3 * MS, 16000),
    event(0, COMPACTED, 70000, 34000, domain=NATIVE),
    event(2, COMPACTED, 0, 34000),  # two births
    event(0, COMPACTED, 0, 16000, domain=NATIVE),
    event(0, COMPACTED, 2, 16000),  # two deaths
)
SECOND = (
    event(0, CLOCK, 9 * MS, 16000),
    event(1, BORN, 34000, 50000),
    event(1, DIED, 3, 16000),
)
TEXTS = (
    journals.code(1, "/home/ada/work.py", "work"),
    journals.origin(1, b"libgone.so"),
    journals.origin(3, b"libthere.so"),
    journals.meta(python="3.12.1", library_roots=["/usr/lib"]),
)


def read(
    folder: Path, first: tuple[bytes, ...] = FIRST, second: tuple[bytes, ...] = SECOND, compaction: int = 5
) -> Trace:
    """Read a file in which the blocks of events lie where there was room, and one does not count any more."""
    head = journals.header(**{**HEADER, "compaction": compaction}).ljust(65536, b"\0")
    blocks = (
        journals.block(1, NODES),
        journals.block(2, [event(1, BORN, 99999, 99999)], compaction=4, sequence=12),
        journals.block(2, second, compaction=5, sequence=9),
        journals.block(2, first, compaction=5, sequence=8),
        journals.block(3, TEXTS),
    )
    return journals.read(head + b"".join(blocks), folder)


def test_it_is_read_in_order_and_numbered_anew(tmp_path: Path) -> None:
    """Events are those that are there, the peak is where it was among them, and marks have what the others did."""
    trace = read(tmp_path)
    events, marks = trace.events, trace.compacted
    assert journals.columns(events.kind, events.buffer, events.nbytes, events.live, events.time_ns) == [
        [BORN, BORN, DIED],
        [0, 1, 1],
        [16000, 34000, 34000],
        [16000, 50000, 16000],
        [0, 9 * MS, 9 * MS],
    ]
    assert journals.columns(marks.events, marks.births, marks.deaths, marks.live, marks.native, marks.time_ns) == [
        [1, 1],
        [2, 0],
        [0, 2],
        [34000, 16000],
        [70000, 0],
        [3 * MS, 3 * MS],
    ]
    assert marks.left_out() == 4
    assert (trace.peak, trace.dropped) == (Peak(50000, 0, 2), 0)
    assert trace.total == Peak(104000, 0, 1)
    assert trace.native_live().tolist() == [0, 0, 0]
    assert trace.origins == {1: "libthere.so"}
    assert "4 of 7 births and deaths are left out, all before 0.0 s" in trace.run.notes[0]


def test_blocks_of_another_compaction_do_not_count(tmp_path: Path) -> None:
    """What was written for a compaction that did not come to its end, or was before, is as if it were not there."""
    assert len(read(tmp_path, compaction=6).events) == 0
    assert read(tmp_path, compaction=4).events.nbytes.tolist() == [99999]


@pytest.mark.parametrize(("latest", "counting"), [(4, [99999, 1000]), (5, [16000, 1000]), (6, [16000, 1000])])
def test_what_is_begun_during_a_compaction_counts_before_and_after_it(
    tmp_path: Path, latest: int, counting: list[int]
) -> None:
    """Until the header has a compaction's number, the blocks it replaces count; then its own, before later ones."""
    head = journals.header(**{**HEADER, "version": 5, "compaction": latest}).ljust(65536, b"\0")
    blocks = (
        journals.block(1, NODES),
        journals.block(2, [event(1, BORN, 1000, 1000)], compaction=3, sequence=9),
        journals.block(2, [event(1, BORN, 16000, 16000)], compaction=5, sequence=8),
        journals.block(2, [event(1, BORN, 99999, 99999)], compaction=3, sequence=7, replaced=5),
        journals.block(2, [event(1, BORN, 5555, 5555)], compaction=2, sequence=6, replaced=3),  # of an older one
        journals.block(
            2, [event(1, BORN, 7777, 7777)], compaction=5, sequence=10, replaced=5
        ),  # of one that was dropped
        journals.block(3, TEXTS),
    )
    assert journals.read(head + b"".join(blocks), tmp_path).events.nbytes.tolist() == counting


@pytest.mark.parametrize(
    "bad",
    [event(2, COMPACTED, -1, 16000), event(2, COMPACTED, 2**32, 16000), event(1, DIED, 2, 16000)],
    ids=["negative", "too many", "death of one left out"],
)
def test_nothing_is_believed_from_a_mark_that_makes_no_sense_on(tmp_path: Path, bad: bytes) -> None:
    """What is behind damage is not shown, and the peak lies within what is."""
    trace = read(tmp_path, (*FIRST, bad))
    assert trace.events.nbytes.tolist() == [16000]
    assert trace.peak.events == 1
    assert (trace.peak.nbytes, trace.live_nbytes) == (50000, 16000)


@pytest.mark.parametrize("field", ["live", "native"])
def test_marks_with_impossible_bytes_are_left_out(tmp_path: Path, field: str) -> None:
    """A mark whose bytes cannot be is no part of the timeline, and those before it are."""
    values = {"live": event(2, COMPACTED, 0, -5), "native": event(0, COMPACTED, -5, 0, domain=NATIVE)}
    after = (values[field],) if field == "live" else (values[field], event(2, COMPACTED, 0, 16000))
    trace = read(tmp_path, (*FIRST, *after), SECOND[:1])
    assert trace.compacted.live.tolist() == [34000, 16000]

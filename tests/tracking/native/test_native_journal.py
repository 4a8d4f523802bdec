"""A journal with native blocks, written by hand: read as written, and doubted."""

from pathlib import Path

import numpy as np
import pytest
from tests import journals
from tests.journals import BORN, CLOCK, DIED, NATIVE, event, node

from ndmem.errors import TraceError
from ndmem.model.together import Together
from ndmem.model.trace import Domain, Peak, Trace

HEADER = {
    "threshold": 4096,
    "native_threshold": 65536,
    "live": 16000,
    "peak": 16000,
    "peak_serial": 1,
    "peak_events": 1,
    "peak_node": 1,
    "native_live": 80000,
    "native_peak": 280000,
    "total_peak": 296000,
    "total_serial": 3,
    "total_events": 4,
    "total_node": 3,
}
# Line 1 makes an array of 16,000 bytes, then two native blocks; a thread of C makes another.
NODES = (
    node(0, 0, offset=-1, lineno=-1, end_lineno=-1, col=-1, end_col=-1),
    node(1, 0, code=1, lineno=1, end_lineno=1, col=4, end_col=9, live=16000, total=16000, count=1, max_live=16000,
         max_native=0, at_peak=16000, peak_serial=1, total_serial=1),
    node(2, 0, code=1, lineno=1, end_lineno=1, col=4, end_col=9, domain=NATIVE, live=0, total=200000, count=2,
         max_live=16000, max_native=280000, peak_serial=1, at_total=200000, total_serial=3),
    node(3, 0, offset=-1, lineno=-1, end_lineno=-1, col=-1, end_col=-1, domain=NATIVE, live=80000, total=80000,
         count=1, max_live=16000, max_native=280000, peak_serial=1, total_serial=2),
)  # fmt: skip
EVENTS = (
    event(1, BORN, 16000, 16000),
    event(2, BORN, 70000, 16000, domain=NATIVE),
    event(0, CLOCK, 5_000_000, 16000),
    event(2, BORN, 130000, 16000, domain=NATIVE),
    event(3, BORN, 80000, 16000, domain=NATIVE, thread=1),
    event(2, DIED, 1, 16000, domain=NATIVE),
    event(2, DIED, 2, 16000, domain=NATIVE),
)
META = {
    "python": "3.12.1",
    "library_roots": ["/usr/lib"],
    "exit_status": -9,
    "rss": {"time_ns": [1000, 2000], "nbytes": [5, 7]},
    "rss_peak_nbytes": 9,
    "together": {
        "nbytes": 9,
        "separate_nbytes": 12,
        "shared_memory_nbytes": 3,
        "files_nbytes": None,
        "processes": 2,
        "time_ns": 7,
        "looks": 1,
    },
}
TEXTS = (
    journals.code(1, "/home/ada/work.py", "work"),
    journals.origin(3, b"libscipy_openblas64_-1234.so"),
    journals.origin(99, b"libnowhere.so"),
    journals.meta(**META),
)


def read(
    folder: Path,
    *,
    head: dict[str, int] | None = None,
    nodes: tuple[bytes, ...] = NODES,
    events: tuple[bytes, ...] = EVENTS,
    texts: tuple[bytes, ...] = TEXTS,
) -> Trace:
    """Read the journal above, with what a test changes."""
    return journals.read(journals.journal(journals.header(**{**HEADER, **(head or {})}), nodes, events, texts), folder)


def test_a_journal_with_native_blocks(tmp_path: Path) -> None:
    """Every figure of the file is in the trace: domains, peaks, counters, origins, samples, the end."""
    trace = read(tmp_path)
    assert (trace.run.native_threshold, trace.run.exit_status, trace.run.ended) == (65536, -9, "signal 9")
    # Node 0 made nothing and is left out, so that the others are one less.
    assert trace.peak == Peak(16000, 0, 1)
    assert trace.native == Peak(280000, 2, 4)
    assert trace.total == Peak(296000, 2, 4)
    assert (trace.live_nbytes, trace.total_nbytes) == (16000, 16000)
    assert (trace.native_live_nbytes, trace.native_total_nbytes) == (80000, 280000)
    assert journals.columns(trace.tree.domain, trace.tree.parent) == [[0, 1, 1], [-1, -1, -1]]
    assert journals.columns(trace.tallies.at_peak, trace.tallies.at_total_peak, trace.tallies.max_native) == [
        [16000, 0, 0],
        # Of node 1 and 3 the live bytes: they did not change since.
        [16000, 200000, 80000],
        [0, 280000, 280000],
    ]
    assert journals.columns(trace.events.domain, trace.events.nbytes, trace.events.live) == [
        [0, 1, 1, 1, 1, 1],
        [16000, 70000, 130000, 80000, 70000, 130000],
        [16000] * 6,
    ]
    assert trace.events.native_live().tolist() == [0, 70000, 200000, 280000, 210000, 80000]
    assert trace.origins == {3: "libscipy_openblas64_-1234.so"}
    assert journals.columns(trace.rss.time_ns, trace.rss.nbytes) == [[1000, 2000], [5, 7]]
    assert trace.rss_peak_nbytes == 9
    assert trace.together == Together(9, 12, 3, None, 2, 7, 1)
    assert [site.function for site in trace.stack(2)] == ["<no Python frame>"]
    assert trace.stack(0) == trace.stack(1)


def test_native_memory_that_was_not_watched_is_not_known(tmp_path: Path) -> None:
    """Without a threshold there are no native figures, not zeros; the arrays' figures are the same."""
    trace = read(tmp_path, head={"native_threshold": 0}, nodes=NODES[:2], events=EVENTS[:1], texts=())
    assert (trace.native, trace.total, trace.native_live_nbytes, trace.native_total_nbytes) == (None,) * 4
    assert (trace.rss_peak_nbytes, len(trace.rss), trace.run.native_threshold) == (None, 0, None)
    assert trace.peak == Peak(16000, 0, 1)


@pytest.mark.parametrize(
    "bad",
    [
        event(2, BORN, 70000, 0, domain=3),  # a domain that is not there
        event(2, BORN, 2**57, 0, domain=NATIVE),  # more than can be addressed
        event(2, BORN, -1, 0, domain=NATIVE),
        event(9, BORN, 70000, 0, domain=NATIVE),  # a node that is not there
        event(2, 4, 70000, 0, domain=NATIVE),  # a kind that is not there
        event(2, DIED, 1, 0, domain=NATIVE),  # died before it was born
        event(0, CLOCK, 2**62, 0),
    ],
    ids=["domain", "too many bytes", "negative", "node", "kind", "dead before it lived", "clock"],
)
def test_events_end_where_one_makes_no_sense(tmp_path: Path, bad: bytes) -> None:
    """What follows a damaged event is not believed, and counted as dropped."""
    trace = read(tmp_path, events=(EVENTS[0], bad, *EVENTS[1:]))
    assert len(trace.events) == 1
    assert trace.dropped == 5 + (bad[7] != CLOCK)
    # The events no longer tell where the header's native peak was.
    assert trace.native == Peak(280000, -1, 0)


def test_nothing_dies_twice(tmp_path: Path) -> None:
    """A second death ends what is believed: native live bytes never fall below zero."""
    trace = read(tmp_path, events=(*EVENTS, EVENTS[-1], event(1, BORN, 5000, 21000)))
    assert (len(trace.events), trace.dropped) == (6, 2)
    assert trace.events.native_live().min() == 0


def test_a_death_is_in_the_domain_of_its_birth(tmp_path: Path) -> None:
    """A death that claims another domain takes no bytes from that one."""
    lying = event(2, DIED, 0, 0, domain=NATIVE)
    trace = read(tmp_path, events=(*EVENTS, lying))
    assert trace.events.domain[-1] == Domain.ARRAY
    assert trace.events.native_live()[-1] == 80000


def test_nodes_end_where_a_domain_makes_no_sense(tmp_path: Path) -> None:
    """A node of an unknown domain and all after it are left out, with the events that name them."""
    trace = read(tmp_path, nodes=(*NODES[:2], node(2, 0, domain=7), NODES[3]))
    assert len(trace.tree) == 1
    assert journals.columns(trace.events.stack) == [[0]]
    # The header names a node that is gone: it is not known which, never another one.
    assert trace.total == Peak(296000, -1, 1)


@pytest.mark.parametrize("name", ["live", "peak", "native_live", "native_peak", "total_peak"])
def test_negative_totals_are_refused(tmp_path: Path, name: str) -> None:
    """No live bytes are below zero."""
    head = journals.header(**{**HEADER, name: -1})
    with pytest.raises(TraceError, match=r"hand\.ndmem: it is damaged"):
        journals.read(journals.journal(head, NODES, EVENTS), tmp_path)


def test_sums_that_no_memory_holds_are_refused(tmp_path: Path) -> None:
    """Sizes that are possible one by one and together wrap around are damage, not a negative figure."""
    events = tuple(event(2, BORN, 2**57 - 1, 0, domain=NATIVE) for _ in range(65))
    with pytest.raises(TraceError, match="it is damaged"):
        read(tmp_path, events=events)


@pytest.mark.parametrize(
    "rss",
    [
        {"time_ns": [1], "nbytes": []},
        {"time_ns": [-1], "nbytes": [1]},
        {"time_ns": ["x"], "nbytes": [1]},
        {"time_ns": [[1]], "nbytes": [[1]]},
        {"time_ns": [2**70], "nbytes": [1]},
        [1, 2],
        "x",
    ],
)
def test_samples_that_make_no_sense_are_refused(tmp_path: Path, rss: object) -> None:
    """Samples of unequal length, of another type or below zero are damage."""
    with pytest.raises(TraceError, match=r"hand\.ndmem is damaged"):
        read(tmp_path, texts=(*TEXTS[:3], journals.meta(rss=rss)))


def test_an_old_journal_is_refused(tmp_path: Path) -> None:
    """A journal of version 1 says which format it has."""
    head = journals.header(**{**HEADER, "version": 1})
    with pytest.raises(TraceError, match="format 1, which is older: this ndmem reads formats 2 to 6"):
        journals.read(journals.journal(head, NODES, EVENTS), tmp_path)


@pytest.mark.long
def test_a_journal_cut_anywhere_reads(tmp_path: Path) -> None:
    """Whatever is missing at its end, what is left reads, and native bytes are a prefix of the whole."""
    data = journals.journal(journals.header(**HEADER), NODES, EVENTS, TEXTS)
    whole = read(tmp_path).events.native_live()
    for cut in range(65536 + 64, len(data)):
        found = journals.read(data[:cut], tmp_path).events.native_live()
        assert np.array_equal(found, whole[: len(found)])

"""A journal, whole, cut and damaged."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ndmem
from ndmem import _native
from ndmem.errors import TraceError
from ndmem.model.trace import Kind, Trace


def write_journal(path: Path, *, stop: bool = True) -> Trace:
    """Record into a file: 3 nights of arrays, then read it back."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    try:
        recording = _native.Recording(4096, descriptor)
        recording.start()
        kept = [np.zeros(1000 * n) for n in range(1, 200)]
        small = [np.zeros(n) for n in range(50)]
        del kept[::2]
        if stop:
            recording.stop()
        trace = ndmem.load(path).trace
        recording.stop()
    finally:
        os.close(descriptor)
    assert small
    return trace


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a journal."""
    path = tmp_path_factory.mktemp("journal") / "j.ndmem"
    write_journal(path)
    return path.read_bytes()


def test_a_journal_reads_while_it_is_written(tmp_path: Path) -> None:
    """A journal that was not stopped has everything up to the last event."""
    trace = write_journal(tmp_path / "j.ndmem", stop=False)
    # Σ 8000 n over odd n is dropped by the deletion of every other one, beginning with n = 1.
    assert trace.live_nbytes == 8000 * sum(range(2, 200, 2)) + 8 * sum(range(50)) + 1
    assert trace.peak.nbytes == 8000 * sum(range(1, 200)) + 8 * sum(range(50)) + 1
    assert int((trace.events.kind == Kind.BORN).sum()) == 199


def test_a_journal_cut_anywhere_reads_up_to_the_last_whole_event(journal: bytes, tmp_path: Path) -> None:
    """Whatever is missing at the end, what is left reads, with a prefix of the events."""
    path = tmp_path / "cut.ndmem"
    path.write_bytes(journal)
    whole = ndmem.load(path).trace
    seen = set()
    for cut in [*range(0, len(journal), 9973), *range(196608, 196608 + 8000, 331)]:
        path.write_bytes(journal[:cut])
        try:
            events = ndmem.load(path).trace.events
        except TraceError:
            assert cut < 65536 + 64  # the header and the first block were not there yet
            continue
        count = len(events)
        seen.add(count)
        assert events.nbytes.tolist() == whole.events.nbytes[:count].tolist()
    assert {0, len(whole.events)} <= seen


@pytest.mark.long
@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_a_damaged_journal_is_refused_or_reads(
    journal: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Changed bytes raise a TraceError or give a trace whose indices hold; nothing else."""
    damaged = bytearray(journal)
    for _ in range(data.draw(st.integers(1, 6))):
        # Most of the file is empty room: aim at what is used.
        block = data.draw(st.sampled_from([0, 65536, 131072, 196608]))
        damaged[block + data.draw(st.integers(0, 6000))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.ndmem"
    path.write_bytes(damaged)
    try:
        trace = ndmem.load(path).trace
    except TraceError:
        return
    for node in range(len(trace.tree)):
        trace.stack(node)
    ndmem.Run(trace).lines()


def test_a_newer_journal_is_refused(journal: bytes, tmp_path: Path) -> None:
    """A journal of another format says so."""
    path = tmp_path / "newer.ndmem"
    path.write_bytes(journal[:8] + b"\x09\0\0\0" + journal[12:])
    with pytest.raises(TraceError, match=r"newer.ndmem.*format 9"):
        ndmem.load(path)


def test_a_full_disk_drops_events_and_no_bytes(tmp_path: Path) -> None:
    """Where the file cannot grow, events are dropped and counted, and peak, live and totals stay exact."""
    import resource

    descriptor = os.open(tmp_path / "full.ndmem", os.O_RDWR | os.O_CREAT)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    recording = _native.Recording(4096, descriptor)
    recording.start()
    resource.setrlimit(resource.RLIMIT_FSIZE, (5 * 65536, before[1]))  # Python ignores SIGXFSZ: the file just ends
    try:
        for _ in range(20_000):
            a = np.zeros(1000)
        kept = eval("np.zeros(5000)")  # a place that is new after the end
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        recording.stop()
        os.close(descriptor)
    trace = ndmem.load(tmp_path / "full.ndmem").trace
    assert trace.dropped > 0
    assert len(trace.events) + trace.dropped == 40_000
    assert trace.peak.nbytes == recording.peak == 16000 + 40000 - 8000
    assert trace.live_nbytes == a.nbytes + kept.nbytes == 48000
    assert trace.total_nbytes == 20_000 * 8000 + 40000
    report = io.StringIO()
    ndmem.Run(trace).report(report)
    assert f"{trace.dropped:,} events were dropped" in report.getvalue()


def test_a_descriptor_that_means_another_file_is_left_alone(tmp_path: Path) -> None:
    """A program that closes all descriptors and opens a file of its own does not find a journal in it."""
    descriptor = os.open(tmp_path / "j.ndmem", os.O_RDWR | os.O_CREAT)
    recording = _native.Recording(4096, descriptor)
    recording.start()
    theirs = tmp_path / "theirs"
    os.dup2(os.open(theirs, os.O_RDWR | os.O_CREAT), descriptor)
    for _ in range(20_000):
        np.zeros(1000)
    recording.stop()
    os.closerange(descriptor, descriptor + 2)
    assert theirs.stat().st_size == 0
    assert recording.dropped > 0
    assert recording.live == 0


def test_places_are_written_once(tmp_path: Path) -> None:
    """A journal grows with its events only: 24 bytes each, and nothing for small buffers."""
    path = tmp_path / "j.ndmem"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    recording = _native.Recording(4096, descriptor)
    recording.start()
    for _ in range(100_000):
        np.zeros(10)
    size = path.stat().st_size
    for _ in range(100_000):
        np.zeros(1000)
    recording.stop()
    os.close(descriptor)
    assert size == 4 * 65536
    assert path.stat().st_size - size <= 200_000 * 24 + 4 * 2**20 + 65536
    assert recording.events == 200_000

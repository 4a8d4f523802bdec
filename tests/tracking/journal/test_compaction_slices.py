"""A long run is compacted in slices: the record is right after each of them, and whatever comes between two."""

import os
import random
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.forking import forks

from ndmem import _native
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.live import find_live
from ndmem.model.trace import Trace
from ndmem.tracking.journal.assemble import assemble
from ndmem.tracking.journal.file.reader import read_journal
from ndmem.tracking.journal.follow import Follower
from ndmem.tracking.recorder import untracked

from .compacted_records import alive, place_events

ROOM = 2**19
"""22,000 events, four blocks."""

BLOCK = (2**17 - 64) // 24
"""Events in one block."""

FIND_KEPT, COPY_EVENTS, FIND_SIGHTINGS, COPY_DETAILS, RETIRE = 1, 2, 3, 4, 5
STAGES = {FIND_KEPT, COPY_EVENTS, FIND_SIGHTINGS, COPY_DETAILS, RETIRE}


def make_arrays(seed: int, steps: int, check: Callable[[], None]) -> list[Any]:
    """Replace 50 arrays at random, with new peaks in the first quarter; call ``check`` after each and return them."""
    chance = random.Random(seed)
    slots: list[Any] = [None] * 50
    held: dict[str, Any] = {}
    for step in range(steps):
        slots[chance.randrange(len(slots))] = np.empty(chance.randrange(5000, 20_000), np.uint8)
        if chance.random() < 0.0005 and step < steps // 4:
            held["large"] = np.empty(chance.randrange(100_000, 200_000 + 50 * step), np.uint8)
        elif chance.random() < 0.001:
            held.clear()
        if step % 500 == 0:
            _native.sight_holders()
        check()
    return slots


def names(trace: Trace, until: int) -> list[str | None]:
    """Return the name that each buffer had which was alive after so many events, in order of birth."""
    found: dict[int, str] = {}
    for holder in trace.holders:
        if holder.events <= until or holder.buffer not in found:
            found[holder.buffer] = holder.name
    return [found.get(buffer) for buffer in sorted(find_live(TraceIndex(trace), until=until).buffer.tolist())]


def assert_same(compacted: Trace, whole: Trace) -> None:
    """Assert that counters, the peak, what it consists of and what is alive are those of the whole record."""
    for name in whole.tallies.__dataclass_fields__:
        assert np.array_equal(getattr(whole.tallies, name), getattr(compacted.tallies, name)), name
    assert len(compacted.events) + compacted.compacted.left_out() == len(whole.events)
    assert (compacted.live_nbytes, compacted.total_nbytes) == (whole.live_nbytes, whole.total_nbytes)
    assert (compacted.peak.nbytes, compacted.peak.stack) == (whole.peak.nbytes, whole.peak.stack)
    for of_compacted, of_whole in (
        (compacted.peak.events, whole.peak.events),
        (len(compacted.events), len(whole.events)),
    ):
        assert alive(compacted, of_compacted) == alive(whole, of_whole)
        assert names(compacted, of_compacted) == names(whole, of_whole)
    place_events(compacted, whole)


class Both:
    """The same recorded with room for all events, and with too little of it, in slices of two blocks each."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self.descriptor = -1 if file is None else os.open(file, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self.whole = _native.Recording(4096)
        self.compacted = _native.Recording(4096, self.descriptor, ROOM, BLOCK + 1)
        self.whole.start()
        self.compacted.start()

    def stop(self) -> None:
        """End both."""
        self.compacted.stop()
        self.whole.stop()
        if self.descriptor >= 0:
            os.close(self.descriptor)

    def read(self) -> tuple[Trace, Trace]:
        """Return the compacted record as it is now, and the whole one; of a file a copy is read."""
        with untracked():
            if self.file is None:
                return assemble(read_journal(self.compacted.read())), assemble(read_journal(self.whole.read()))
            copy = self.file.with_suffix(".copy")
            shutil.copyfile(self.file, copy)
            return assemble(read_journal(copy)), assemble(read_journal(self.whole.read()))

    def check(self) -> None:
        """Assert that both have the same figures."""
        assert_same(*self.read())


@pytest.fixture(params=["file", pytest.param("memory", marks=pytest.mark.slow)])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Both]:
    """Both recordings, in a file and in memory."""
    found = Both(tmp_path / "j.ndmem" if request.param == "file" else None)
    yield found
    found.stop()


@pytest.mark.long
def test_the_record_is_right_after_every_slice(both: Both) -> None:
    """Counters, the peak, its composition, names and what is alive are as if nothing was left out, at each stage."""
    slices, stages = 0, set()

    def check() -> None:
        nonlocal slices
        now, _, stage = both.compacted.slices
        if now > slices:
            slices = now
            stages.add(stage)
            both.check()

    kept = make_arrays(1 if both.file else 2, 60_000, check)
    assert len(kept) == 50
    both.check()
    assert both.read()[0].compacted.left_out() > 0
    assert slices > 20
    assert stages >= {FIND_KEPT, COPY_EVENTS}


@pytest.mark.long
def test_a_follower_is_right_after_every_slice(tmp_path: Path) -> None:
    """Blocks that were begun during a compaction are read again after it, and nothing is counted twice."""
    both, slices = Both(tmp_path / "j.ndmem"), 0
    follower = Follower(tmp_path / "j.ndmem")

    def check() -> None:
        nonlocal slices
        if both.compacted.slices[0] > slices:
            slices = both.compacted.slices[0]
            compacted, _ = both.read()
            with untracked():
                found = assemble(follower.read())
            assert found.live_nbytes == compacted.live_nbytes
            assert alive(found, len(found.events)) == alive(compacted, len(compacted.events))

    make_arrays(3, 60_000, check)
    both.stop()
    follower.close()
    assert slices > 20


@pytest.mark.parametrize("room", [2**20, 2**22, 2**23])
def test_a_slice_reads_as_many_records_whatever_the_room(room: int) -> None:
    """A call that allocates passes over 32,768 records and the rest of a block at most, whatever events there are."""
    recording = _native.Recording(4096, -1, room)
    recording.start()
    for _ in range(room // 24):
        np.empty(5000, np.uint8)
    recording.stop()
    slices, longest, stage = recording.slices
    assert recording.events == 2 * (room // 24)
    # Each event that had found room was read twice: the buffers that stay were looked for, and the rest was left out.
    assert slices * (2**15 + BLOCK) >= 2 * (room // 24)
    assert 2**15 <= longest < 2**15 + BLOCK
    assert stage == 0


@pytest.mark.long
@pytest.mark.parametrize("stage", sorted(STAGES - {RETIRE}))
def test_a_recording_that_stops_during_a_compaction_is_whole(both: Both, stage: int) -> None:
    """Whatever stage the compaction is in, at the end the record is as without it."""

    def check() -> None:
        if both.compacted.slices[2] == stage:
            raise StopIteration

    with pytest.raises(StopIteration):
        make_arrays(5, 200_000, check)
    both.compacted.stop()
    both.whole.stop()
    assert both.compacted.slices[2] == 0
    both.check()


@pytest.mark.long
def test_a_compaction_without_disk_space_is_dropped(tmp_path: Path) -> None:
    """What it wrote never counts, no event is lost, and a later compaction leaves out what that one could not."""
    path = tmp_path / "j.ndmem"
    both = Both(path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    written, dropped = 0, False

    def check() -> None:
        nonlocal written, dropped
        stage = both.compacted.slices[2]
        written += stage == COPY_EVENTS
        if not dropped and written:
            # Room for the block of events that is begun next, and for none of the compaction's.
            resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 2**17, before[1]))
        if not dropped and written and stage not in {FIND_KEPT, COPY_EVENTS}:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            dropped = True
            both.check()
            assert both.read()[0].compacted.left_out() == 0

    try:
        slots = []  # all stay, so that the compaction writes as much as it reads
        while not dropped:
            slots.append(np.empty(5000, np.uint8))
            check()
        del slots
        left_out = 0
        for seed in range(10):  # the next one is due when the record has grown by as much as it had at the failed one
            make_arrays(seed, 60_000, lambda: None)
            left_out = both.read()[0].compacted.left_out()
            if left_out:
                break
        both.check()
        assert left_out > 0
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        both.stop()


@pytest.mark.long
@forks
def test_a_fork_during_a_compaction_leaves_the_record_to_the_parent(tmp_path: Path) -> None:
    """The child frees what it has of the recording and goes; the parent's compaction goes on."""
    both, children = Both(tmp_path / "j.ndmem"), 0

    def check() -> None:
        nonlocal children
        if both.compacted.slices[2] == COPY_EVENTS and children < 3:
            children += 1
            child = os.fork()
            if child == 0:
                np.empty(100_000, np.uint8)
                both.compacted.stop()
                del both.compacted
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
            both.check()

    make_arrays(8, 40_000, check)
    both.check()
    both.stop()
    assert children == 3

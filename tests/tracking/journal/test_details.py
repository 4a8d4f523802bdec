"""What is said of single buffers (names, shapes, origins) is left out of a long record once nobody can ask for it."""

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.system.running import Place, write_program

import ndmem
from ndmem import _native
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.live import find_live, live_buffers
from ndmem.model.trace import Trace
from ndmem.tracking.journal.assemble import assemble
from ndmem.tracking.journal.file.reader import read_journal
from ndmem.tracking.journal.follow import Follower
from ndmem.tracking.journal.load import read_file
from ndmem.tracking.recorder import untracked

ARRAYS = 200
PEAK_LOOK = 20
MOST_SIGHTINGS = 2**20 // 100
"""The details may take 1 MiB before a compaction; a sighting here has 104 bytes."""


def remake(looks: int) -> dict[str, Any]:
    """Make 200 arrays under new names and have them looked for, again and again; return what is left.

    All die before the next ones are born, and those of the 20th look are the largest: they are the peak.
    """
    names: dict[str, Any] = {}
    for look in range(looks):
        names.clear()
        for i in range(ARRAYS):
            names[f"{look} {i}"] = np.empty(20_000 if look == PEAK_LOOK else 5_000, np.uint8)
        assert _native.sight_holders() == ARRAYS
    return names


def name_alive(trace: Trace, until: int) -> list[str]:
    """Return the name that each buffer had which was alive after so many events, in order of birth."""
    names = {}
    for holder in trace.holders:
        if holder.events <= until or holder.buffer not in names:
            names[holder.buffer] = holder.name
    return [names[buffer] for buffer in sorted(find_live(TraceIndex(trace), until=until).buffer.tolist())]


def named(look: int) -> list[str]:
    """Return the names that `remake` gave the arrays of a look."""
    return [f"names['{look} {i}']" for i in range(ARRAYS)]


def test_a_place_that_is_used_again_is_held_once() -> None:
    """However often buffers die and others take their places, a look doubts as many as there are."""
    recording = _native.Recording(4096)
    recording.start()
    kept = remake(10)
    recording.stop()
    assert len(kept) == ARRAYS


@pytest.mark.parametrize("looks", [150, pytest.param(300, marks=pytest.mark.slow)])
def test_sightings_that_nobody_asks_for_are_left_out(looks: int) -> None:
    """Of 200 sightings at each look 1 MiB stays at most, and the names at the peak and at the end are all there."""
    recording = _native.Recording(4096)
    recording.start()
    kept = remake(looks)
    recording.stop()
    with untracked():
        trace = assemble(read_journal(recording.read()))
    assert len(kept) == ARRAYS
    assert 2 * ARRAYS <= len(trace.holders) <= MOST_SIGHTINGS
    assert name_alive(trace, trace.peak.events) == named(PEAK_LOOK)
    assert name_alive(trace, len(trace.events)) == named(looks - 1)


def record_to_file(path: Path, looks: int, *, room: int) -> int:
    """Record `remake` to a file and return its size."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        recording = _native.Recording(4096, descriptor, room)
        recording.start()
        kept = remake(looks)
        recording.stop()
        assert len(kept) == ARRAYS
    finally:
        os.close(descriptor)
    return path.stat().st_size


@pytest.mark.long
def test_a_file_does_not_grow_with_the_looks(tmp_path: Path) -> None:
    """Of 12 MB of events and sightings that are written the file has the room of both and that of a copy."""
    assert record_to_file(tmp_path / "t", 400, room=2**20) < 6 * 2**20
    trace = assemble(read_journal(tmp_path / "t"))
    assert name_alive(trace, trace.peak.events) == named(PEAK_LOOK)
    assert name_alive(trace, len(trace.events)) == named(399)


@pytest.mark.long
def test_a_compaction_after_which_few_details_are_left_frees_their_blocks(tmp_path: Path) -> None:
    """With room for all events only the details are compacted; the names are still those of the peak and the end."""
    record_to_file(tmp_path / "t", 150, room=2**30)
    journal = read_journal(tmp_path / "t")
    assert (int(journal.header["compaction"]), len(journal.events[journal.events["kind"] < 2])) == (
        0,
        (2 * 150 - 1) * ARRAYS,
    )
    assert int(journal.header["details_compaction"]) > 0
    trace = assemble(journal)
    assert name_alive(trace, trace.peak.events) == named(PEAK_LOOK)
    assert name_alive(trace, len(trace.events)) == named(149)


@pytest.mark.long
def test_a_follower_has_the_names_of_now_across_compactions(tmp_path: Path) -> None:
    """Whoever reads a journal while it is written has each live array once, under the name that it has then."""
    descriptor = os.open(tmp_path / "t", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    recording = _native.Recording(4096, descriptor, 2**22)
    follower = Follower(tmp_path / "t")
    recording.start()
    for looks in (1, 100, 2, 150):
        kept = remake(looks)
        with untracked():
            found = follower.read()
        names = [holder.name for holder in sorted(found.holders, key=lambda each: each.buffer)]
        assert names == [f"names['{name}']" for name in kept]
        del kept
    recording.stop()
    follower.close()
    os.close(descriptor)


@pytest.mark.long
def test_shapes_of_arrays_that_are_gone_are_left_out() -> None:
    """The shape of an array that died before the peak is left out, that of an array at the peak is kept."""
    with ndmem.track() as run:
        np.ones((30, 500)).sum()
        np.ones((3000, 500)).sum()
        remake(100)
    shapes = {form.shape for form in run.trace.forms.values()}
    assert ((30, 500) in shapes, (3000, 500) in shapes) == (False, True)


def test_origins_of_blocks_that_are_gone_are_left_out(tmp_path: Path) -> None:
    """Of 20,000 blocks that a library mapped and gave back most origins are left out, of those alive none is."""
    place = Place(tmp_path / "w")
    source = (
        "import mmap, os, signal\nfirst = mmap.mmap(-1, 300_000)\n"
        "for _ in range(20_000):\n    mmap.mmap(-1, 200_000).close()\n"
        "last = mmap.mmap(-1, 400_000)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert place.run_tracked(write_program(place.folder, source)).status == -signal.SIGKILL
    trace = read_file(place.trace)
    nbytes = dict(zip(trace.events.buffer.tolist(), trace.events.nbytes.tolist(), strict=True))
    of_mmap = [nbytes[number] for number, library in trace.origins.items() if library.startswith("mmap.")]
    assert (of_mmap.count(300_000), of_mmap.count(400_000)) == (1, 1)
    # An origin has 64 bytes here: after 16,384 of them only those of blocks that are alive stay.
    assert 0 < of_mmap.count(200_000) <= 20_000 - 16_000


def test_what_is_deleted_right_after_the_peak_had_a_name_at_it() -> None:
    """The look before a death is of the time after it: at the peak the array that dies was still held."""

    def work() -> int:
        first = np.empty(100_000, np.uint8)
        second = np.empty(200_000, np.uint8)
        del first
        third = np.empty(5_000, np.uint8)
        return second.nbytes + third.nbytes

    with ndmem.track() as run:
        assert work() == 205_000
    assert [
        (each.nbytes, [holder.name for holder in each.holders]) for each in live_buffers(TraceIndex(run.trace))
    ] == [
        (200_000, ["second"]),
        (100_000, ["first"]),
    ]

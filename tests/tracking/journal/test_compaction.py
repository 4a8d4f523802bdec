"""A long run leaves out events that nobody asks for any more, and every figure stays."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.system.running import NDMEM, Place, started, write_program

import ndmem
from ndmem import _native
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.over_time.timeline import highest_by_interval, timeline
from ndmem.errors import TraceError
from ndmem.model.columns import Compacted, Kind
from ndmem.model.trace import Trace
from ndmem.model.trace_file.reading import read_trace
from ndmem.model.trace_file.writing import write_trace
from ndmem.tracking.journal.assemble import assemble
from ndmem.tracking.journal.file.reader import read_journal
from ndmem.tracking.journal.follow import Follower
from ndmem.tracking.journal.load import read_file
from ndmem.tracking.recorder import untracked

from .compacted_records import alive, place_events

ROOM = 4 * 2**20  # 174,000 events


def make_arrays(seed: int, steps: int) -> list[Any]:
    """Replace 200 arrays at random, let 40 large ones live for a moment, and return what is left."""
    chance = random.Random(seed)
    slots: list[Any] = [None] * 200
    for step in range(steps):
        slots[chance.randrange(len(slots))] = np.empty(chance.randrange(5000, 20_000), np.uint8)
        if step == steps // 3:
            large = [np.empty(1_000_000, np.uint8) for _ in range(40)]
        if step == steps // 3 + 20:
            del large
    return slots


def record_both(steps: int, seed: int = 1) -> tuple[Trace, Trace]:
    """Record the same with room for all events, and with too little."""
    whole, compacted = _native.Recording(4096), _native.Recording(4096, -1, ROOM)
    whole.start(), compacted.start()
    slots = make_arrays(seed, steps)
    compacted.stop(), whole.stop()
    del slots
    with untracked():
        return assemble(read_journal(whole.read())), assemble(read_journal(compacted.read()))


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_figure_is_that_of_the_whole_record(seed: int) -> None:
    """Counters, both ends of the peak and what is alive are as if nothing had been left out, and half was."""
    whole, compacted = record_both(300_000, seed)
    assert len(whole.compacted) == 0
    assert compacted.compacted.left_out() > len(whole.events) // 2
    assert len(compacted.events) + compacted.compacted.left_out() == len(whole.events)
    for name in whole.tallies.__dataclass_fields__:
        assert np.array_equal(getattr(whole.tallies, name), getattr(compacted.tallies, name)), name
    assert (compacted.peak.nbytes, compacted.peak.stack) == (whole.peak.nbytes, whole.peak.stack)
    assert alive(compacted, compacted.peak.events) == alive(whole, whole.peak.events)
    assert alive(compacted, len(compacted.events)) == alive(whole, len(whole.events))
    # All slots, the large ones, and one that is about to take another's place.
    assert len(alive(compacted, compacted.peak.events)) == 200 + 40 + 1
    assert compacted.dropped == whole.dropped == 0


def test_what_stays_is_what_was_and_marks_say_the_rest() -> None:
    """Each event that is there is one of the whole record's, in order, and each mark has the bytes of its moment."""
    whole, compacted = record_both(300_000)
    place = place_events(compacted, whole)
    # Of the neighbourhood of the peak, and of the end, nothing is missing.
    assert np.array_equal(place[-10_000:], np.arange(len(whole.events))[-10_000:])
    around = np.abs(place - whole.peak.events) < 10_000
    assert np.count_nonzero(around) == 19_999


@pytest.mark.long
def test_live_bytes_over_time_are_known_where_events_are_not() -> None:
    """The timeline still rises to the most of each stretch: at no interval it is above the truth, and mostly equal."""
    whole, compacted = record_both(300_000)
    assert max(point.live_nbytes for point in timeline(TraceIndex(compacted))) == whole.peak.nbytes
    truth, found = (np.array(highest_by_interval(TraceIndex(trace), 20), float) for trace in (whole, compacted))
    # The two tell the time by themselves, to the clock's tick of some milliseconds.
    assert np.median(np.abs(found - truth) / truth) < 0.02


def test_the_page_says_what_its_timeline_does_not_know(tmp_path: Path) -> None:
    """The layer of arrays that belong to no line in the picture has those whose events are left out."""
    _, compacted = record_both(150_000)
    run = ndmem.Run(compacted)
    run.to_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "other arrays, and those left out" in page
    assert "births and deaths are left out, all before" in page


def test_a_trace_file_keeps_the_marks(tmp_path: Path) -> None:
    """What was left out is in the file, which says by its version that it must be known; a damaged mark is refused."""
    _, compacted = record_both(150_000)
    write_trace(compacted, tmp_path / "t.ndmem")
    assert read_trace(tmp_path / "t.ndmem") == compacted
    for name, value in (("events", 2**40), ("births", -1), ("native", 2**60), ("events", 0)):
        columns = {field: getattr(compacted.compacted, field).copy() for field in Compacted.__dataclass_fields__}
        columns[name][-1] = value
        broken = {field: getattr(compacted, field) for field in Trace.__dataclass_fields__}
        write_trace(Trace(**{**broken, "compacted": Compacted(**columns)}), tmp_path / "broken.ndmem")
        with pytest.raises(TraceError, match="damaged"):
            read_trace(tmp_path / "broken.ndmem")


@pytest.mark.parametrize("room", [0, 1, 100_000])
def test_too_little_room_is_made_larger(room: int) -> None:
    """Where nearly all events are needed they stay, and it is not tried again at each."""
    recording = _native.Recording(4096, -1, room)
    recording.start()
    kept = [np.empty(5000, np.uint8) for _ in range(20_000)]
    recording.stop()
    with untracked():
        trace = assemble(read_journal(recording.read()))
    assert len(alive(trace, len(trace.events))) == len(kept) == 20_000
    assert trace.live_nbytes == 5000 * 20_000


def test_negative_room_is_refused() -> None:
    """No record has less than no room."""
    with pytest.raises(ValueError, match="room must be 0 bytes or more, not -1"):
        _native.Recording(4096, -1, -1)


def test_a_follower_goes_on_over_compactions(tmp_path: Path) -> None:
    """Who reads the journal while it is compacted has what is alive, and the highest live bytes that there were."""
    path = tmp_path / "j.ndmem"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    recording = _native.Recording(4096, descriptor, ROOM)
    recording.write_meta(json.dumps({"library_roots": [sys.prefix, sys.base_prefix]}).encode())
    follower, compactions = Follower(path), set()
    recording.start()
    try:
        for seed in range(12):
            slots = make_arrays(seed, 30_000)
            with untracked():
                found, whole = assemble(follower.read()), read_file(path)
            compactions.add(len(whole.compacted) > 0)
            assert alive(found, len(found.events)) == alive(whole, len(whole.events))
            assert found.live_nbytes == whole.live_nbytes
            del slots
    finally:
        recording.stop()
        follower.close()
        os.close(descriptor)
    until_ns = int(whole.events.time_ns[-1])
    assert max(follower.history.highest(until_ns, points=100)) == recording.peak
    assert compactions == {False, True}
    # 4 MiB of events, as much again for the copy, and what else there is.
    assert path.stat().st_size < 3 * ROOM


_NATIVE = """
import json, random, sys
import numpy as np
from ndmem import _native
from ndmem.tracking.journal.assemble import assemble
from ndmem.tracking.journal.file.reader import read_journal
from ndmem.tracking.recorder import untracked
whole, compacted = _native.Recording(4096), _native.Recording(4096, -1, 4 * 2**20)
whole.start(), compacted.start()
chance, arrays, blocks = random.Random(4), [None] * 50, [None] * 50
for step in range(200_000):
    arrays[chance.randrange(50)] = np.empty(chance.randrange(5000, 20_000), np.uint8)
    blocks[chance.randrange(50)] = bytearray(chance.randrange(70_000, 90_000))
    if step == 50_000:
        large = bytearray(50_000_000)
        del large
compacted.stop(), whole.stop()
with untracked():
    w, f = assemble(read_journal(whole.read())), assemble(read_journal(compacted.read()))
    marks = f.compacted
    left = np.concatenate([[0], np.cumsum(marks.births + marks.deaths)])
    place = np.arange(len(f.events)) + left[np.searchsorted(marks.events, np.arange(len(f.events)), side="right")]
    print(json.dumps({
        "half": marks.left_out() > len(w.events) // 2,
        "native at events": bool((f.native_live() == w.native_live()[place]).all()),
        "native at marks": bool((marks.native == w.native_live()[marks.events + left[1:] - 1]).all()),
        "native peak": (f.native.nbytes, f.native.stack) == (w.native.nbytes, w.native.stack),
        "total": (f.total.nbytes, f.total.stack) == (w.total.nbytes, w.total.stack),
        "at total": bool((f.tallies.at_total_peak == w.tallies.at_total_peak).all()),
    }))
"""


@pytest.mark.long
def test_native_bytes_are_exact_at_each_event_and_mark(tmp_path: Path) -> None:
    """Live bytes of native blocks are those of the whole record, though blocks that were alive then are left out."""
    place = Place(tmp_path / "w")
    done = place.run_tracked(write_program(place.folder, _NATIVE))
    assert (done.status, done.stderr) == (0, b"")
    names = ("half", "native at events", "native at marks", "native peak", "total", "at total")
    assert json.loads(done.stdout) == dict.fromkeys(names, True)


@pytest.mark.long
def test_a_program_killed_during_a_compaction_leaves_a_record(tmp_path: Path) -> None:
    """Whenever it is killed, the events that are there are those of what is alive, but for the one under way."""
    source = (
        "import numpy as np, random\nchance, slots = random.Random(1), [None] * 50\n"
        "while True:\n"
        "    for _ in range(20_000): slots[chance.randrange(50)] = np.empty(chance.randrange(5000, 9000), np.uint8)\n"
        "    print('on', flush=True)\n"
    )
    name = write_program(tmp_path / "w", source)
    compacted = 0
    for attempt in range(6):
        path = tmp_path / f"{attempt}.ndmem"
        words = [sys.executable, NDMEM, "run", "-q", "--no-native", "--room", "2MiB", "-o", str(path), name]
        with started(words, cwd=tmp_path / "w", stdout=subprocess.PIPE) as program:
            for _ in range(4 + attempt):
                assert program.stdout.readline() == b"on\n"
            os.killpg(program.pid, signal.SIGKILL)
            program.communicate()
        trace = ndmem.load(path).trace
        compacted += len(trace.compacted) > 0
        # Arrays smaller than the threshold, of NumPy's own import, are live too. The event under way, an allocation or
        # a deallocation, is counted in the live bytes first and may not be among the events.
        large = sum(nbytes for _, nbytes in alive(trace, len(trace.events)))
        small = trace.live_nbytes - large
        assert any(least <= small < most + 4096 for least, most in ((0, 0), (5000, 9000), (-9000, -5000)))
        assert np.count_nonzero(trace.events.kind == Kind.BORN) >= 50
    assert compacted


def test_the_room_is_an_option_and_the_report_says_what_is_left_out(tmp_path: Path) -> None:
    """`ndmem run --room` compactions the record of the program and of its children, and says so."""
    source = (
        "import os, sys\nimport numpy as np\nfor _ in range(100_000): a = np.empty(1000)\n"
        "pid = os.fork()\nif pid == 0:\n    for _ in range(100_000): a = np.empty(1000)\n    sys.exit()\n"
        "os.waitpid(pid, 0)\n"
    )
    place = Place(tmp_path / "w")
    name = write_program(place.folder, source)
    done = place.run_ndmem("run", "--room", "2MiB", "--no-native", "-o", str(place.trace), name)
    assert done.status == 0
    assert "births and deaths are left out, all before" in " ".join(done.stderr.decode().split())
    run = ndmem.load(place.trace)
    assert run.trace.compacted.left_out() > 100_000
    (journal,) = place.trace.with_name(f"{place.trace.name}.children").glob("*.ndmem")
    assert ndmem.load(journal).trace.compacted.left_out() > 100_000
    wrong = place.run_ndmem("run", "--room", "much", name)
    assert wrong.status == 2
    assert b"--room" in wrong.stderr

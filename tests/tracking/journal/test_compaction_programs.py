"""Programs that are killed while their record is compacted, and native memory during a compaction."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.system.running import Place, write_program

import ndmem

from .compacted_records import alive

FIND_KEPT, COPY_EVENTS, FIND_SIGHTINGS, COPY_DETAILS = 1, 2, 3, 4

_KILLED = """
import json, os, random, signal, sys
import numpy as np
from ndmem import _native
stage, path, compactions, before = int(sys.argv[1]), sys.argv[2], 0, 0
recording = _native.Recording(4096, os.open(path, os.O_RDWR | os.O_CREAT), 2**18, 6_000)
recording.write_meta(json.dumps({"library_roots": [sys.prefix, sys.base_prefix]}).encode())
recording.start()
chance, slots, count = random.Random(9), [None] * 50, 0
while True:
    slots[chance.randrange(50)] = np.empty(chance.randrange(5000, 9000), np.uint8)
    if chance.random() < 0.0005:
        large = np.empty(chance.randrange(100_000, 300_000 + recording.events), np.uint8)
    if chance.random() < 0.01:
        _native.sight_holders()
    now = recording.slices[2]
    compactions += now < before
    before = now
    if now == stage and compactions >= 3 and recording.events > 100_000:
        sizes = [slot.nbytes for slot in slots if slot is not None]
        print(json.dumps([recording.live, recording.peak, sorted([*sizes, large.nbytes])]), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.long
@pytest.mark.parametrize("stage", [FIND_KEPT, COPY_EVENTS, FIND_SIGHTINGS, COPY_DETAILS])
def test_a_program_killed_between_two_slices_leaves_its_record(tmp_path: Path, stage: int) -> None:
    """Live bytes and the peak are exact, and consist of the arrays that the program had."""
    path = tmp_path / "killed.ndmem"
    done = subprocess.run([sys.executable, "-c", _KILLED, str(stage), str(path)], stdout=subprocess.PIPE, check=False)
    assert done.returncode == -signal.SIGKILL
    live, peak, sizes = json.loads(done.stdout)
    trace = ndmem.load(path).trace
    assert trace.compacted.left_out() > 0
    assert (trace.live_nbytes, trace.peak.nbytes) == (live, peak)
    assert sorted(nbytes for _, nbytes in alive(trace, len(trace.events))) == sizes
    assert sum(sizes) == live
    assert sum(nbytes for _, nbytes in alive(trace, trace.peak.events)) == peak


_ENDLESS = """
import json, os, random, sys
import numpy as np
from ndmem import _native
recording = _native.Recording(4096, os.open(sys.argv[1], os.O_RDWR | os.O_CREAT), 2**18, 6_000)
recording.write_meta(json.dumps({"library_roots": [sys.prefix, sys.base_prefix]}).encode())
recording.start()
chance, slots = random.Random(int(sys.argv[2])), [None] * 50
while True:
    for _ in range(10_000):
        slots[chance.randrange(50)] = np.empty(chance.randrange(5000, 9000), np.uint8)
    print("on", flush=True)
"""


@pytest.mark.long
def test_a_program_killed_at_any_moment_of_a_compaction_leaves_its_record(tmp_path: Path) -> None:
    """The events that are there are those of what is alive and of the peak, but for the one under way."""
    compacted = 0
    for attempt in range(12):
        path = tmp_path / f"{attempt}.ndmem"
        words = [sys.executable, "-c", _ENDLESS, str(path), str(attempt)]
        program = subprocess.Popen(words, stdout=subprocess.PIPE)
        assert program.stdout is not None
        for _ in range(8 + attempt):
            assert program.stdout.readline() == b"on\n"
        program.kill()
        program.communicate()
        trace = ndmem.load(path).trace
        compacted += trace.compacted.left_out() > 0
        assert abs(trace.live_nbytes - sum(nbytes for _, nbytes in alive(trace, len(trace.events)))) < 9000
        assert abs(trace.peak.nbytes - sum(nbytes for _, nbytes in alive(trace, trace.peak.events))) < 9000
    assert compacted


_NATIVE = """
import json, random
import numpy as np
from ndmem import _native
from ndmem.tracking.journal.assemble import assemble
from ndmem.tracking.journal.file.reader import read_journal
from ndmem.tracking.recorder import untracked
whole, compacted = _native.Recording(4096), _native.Recording(4096, -1, 2**19, 1)
whole.start(), compacted.start()
chance, arrays, blocks = random.Random(4), [None] * 50, [None] * 50
slices, wrong = 0, []
for step in range(40_000):
    arrays[chance.randrange(50)] = np.empty(chance.randrange(5000, 20_000), np.uint8)
    blocks[chance.randrange(50)] = bytearray(chance.randrange(70_000, 90_000))
    if step % 9000 == 5000:
        large = bytearray(50_000_000 + 1000 * step)
        del large
    if compacted.slices[0] == slices:
        continue
    slices = compacted.slices[0]
    with untracked():
        parts = whole.read(), compacted.read()
        w, f = (assemble(read_journal(each)) for each in parts)
        marks = f.compacted
        left = np.concatenate([[0], np.cumsum(marks.births + marks.deaths)])
        place = np.arange(len(f.events)) + left[np.searchsorted(marks.events, np.arange(len(f.events)), side="right")]
        if not (
            len(f.events) + marks.left_out() == len(w.events)
            and (f.native_live() == w.native_live()[place]).all()
            and (marks.native == w.native_live()[marks.events + left[1:] - 1]).all()
            and (f.native.nbytes, f.native.stack) == (w.native.nbytes, w.native.stack)
            and (f.total.nbytes, f.total.stack) == (w.total.nbytes, w.total.stack)
            and (f.tallies.at_total_peak == w.tallies.at_total_peak).all()
            and f.native_live_nbytes == w.native_live_nbytes
        ):
            wrong.append(slices)
compacted.stop(), whole.stop()
print(json.dumps([slices > 15, wrong]))
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="malloc is stood in front of on Linux only")
def test_native_bytes_are_right_after_every_slice(tmp_path: Path) -> None:
    """Native blocks, whose live bytes each mark has, are counted on across the blocks that a compaction wrote."""
    place = Place(tmp_path / "w")
    done = place.run_tracked(write_program(place.folder, _NATIVE))
    assert (done.status, done.stderr) == (0, b"")
    assert json.loads(done.stdout) == [True, []]

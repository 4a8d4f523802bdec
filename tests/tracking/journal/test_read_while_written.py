"""A journal in memory is read as of one moment, while threads without the GIL go on to write it."""

import sys
from pathlib import Path

import pytest
from tests.system.running import Place, write_program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="malloc is stood in front of on Linux only")

# Reads as docs/reference/journal-format.md says, without ndmem's reader. One call of lfind without the GIL calls
# realloc(block, 100_000) 2,000 times.
_PROGRAM = """
import ctypes, struct, sys, threading
import numpy as np
from ndmem import _native
sys.setswitchinterval(1e-5)
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.realloc.restype = word = ctypes.c_void_p
done = False
def work():
    block = word(libc.malloc(100_000))
    while not done:
        libc.lfind(block, word(100_000), ctypes.byref(ctypes.c_size_t(2000)), word(0), libc.realloc)
    libc.free(block)
def check(parts):
    live, events = struct.unpack_from("=q24xQ", parts[0], 40)
    native, compaction = struct.unpack_from("=q40xQ", parts[0], 128)
    sums, written, compacted = [0, 0], 0, False
    for part in parts[1:]:
        kind, used, of_compaction, replaced = struct.unpack_from("=I8xQQ8xQ", part, 4)
        assert len(part) == 64 + used, "a block is longer or shorter than it says"
        if kind == 1:
            for at in range(64, len(part), 112):
                domain, of_node = struct.unpack_from("=Iq", part, at + 36)
                sums[domain] += of_node
        elif kind == 2:
            assert of_compaction <= compaction, "a block that does not count yet"
            assert replaced == 0 or compaction < replaced, "a block that does not count any more"
            kinds = part[64 + 7 :: 24]
            written += kinds.count(0) + kinds.count(1)
            compacted |= 3 in kinds
    assert sums == [live, native], (sums, live, native)
    assert compacted or written == events, (written, events)
threads = [threading.Thread(target=work) for _ in range(2)]
[thread.start() for thread in threads]
try:
    for _ in range(50):
        recording = _native.Recording(1, room=ROOM)
        recording.start()
        for n in range(20):
            kept = np.ones(n)
            check(recording.read())
        recording.stop()
finally:
    done = True
    [thread.join() for thread in threads]
"""


@pytest.mark.long
@pytest.mark.parametrize("room", [2**20, 2**30], ids=["compacted", "whole"])
def test_counters_of_places_sum_to_the_live_bytes(room: int, tmp_path: Path) -> None:
    """Live bytes of all places sum to the header's, and events are as many as it says, at each of 1,000 readings."""
    place = Place(tmp_path / "w")
    outcome = place.run_tracked(write_program(place.folder, _PROGRAM.replace("ROOM", str(room))))
    assert (outcome.status, outcome.stderr) == (0, b"")

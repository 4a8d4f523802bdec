"""Following a journal while it is written."""

import json
import os
import random
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ndmem import _native
from ndmem.errors import TraceError
from ndmem.model.columns import Kind
from ndmem.model.moments import MomentHistory
from ndmem.tracking.journal.assemble import assemble
from ndmem.tracking.journal.file.blocks import complete_journal
from ndmem.tracking.journal.follow import Follower
from ndmem.tracking.journal.load import read_file
from ndmem.tracking.recorder import untracked


@pytest.mark.long
@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**32), looks=st.lists(st.integers(0, 6000), min_size=1, max_size=4))
def test_each_look_has_what_is_alive_then(
    seed: int, looks: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """At every moment the follower has the arrays, bytes, counters and names that a reading of the whole file has."""
    path = tmp_path_factory.mktemp("follow") / "j.ndmem"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    recording, chance = _native.Recording(4096, descriptor), random.Random(seed)
    slots: list[np.ndarray | None] = [None] * 30
    moments = MomentHistory()
    follower = Follower(path, moments)
    try:
        # The frames below the test are pytest's: their sources need not be read.
        recording.write_meta(json.dumps({"library_roots": [sys.prefix, sys.base_prefix]}).encode())
        recording.start()
        for step in range(max(looks) + 1):
            slot = chance.randrange(len(slots))
            slots[slot] = None if slots[slot] is not None else np.empty(chance.randrange(9000), np.uint8)
            if step in looks:
                _native.sight_holders()
                check(follower, path)
                check(follower, path)  # where nothing happened nothing changes
        check_moments(moments, follower, path)
    finally:
        recording.stop()
        follower.close()
        os.close(descriptor)


def check(follower: Follower, path: Path) -> None:
    """Compare what the follower has with what the whole file says."""
    with untracked():  # reading makes arrays too
        whole, found = read_file(path), assemble(follower.read())
    alive: Counter[tuple[int, int]] = Counter()
    events = whole.events
    for kind, buffer, nbytes in zip(events.kind, events.buffer, events.nbytes, strict=True):
        alive[int(buffer), int(nbytes)] += 1 if kind == Kind.BORN else -1
    expected = [nbytes for (_, nbytes), count in sorted(alive.items()) if count]
    assert found.events.nbytes.tolist() == expected
    assert (found.live_nbytes, found.peak.nbytes) == (whole.live_nbytes, whole.peak.nbytes)
    assert found.total_nbytes == whole.total_nbytes
    assert found.sites == whole.sites
    assert max(follower.history.highest(10**12, points=50)) == int(events.live.max(initial=0))
    # What holds a buffer is what the latest look found, by the buffer's bytes at its place in the list.
    numbers = [buffer for (buffer, _), count in sorted(alive.items()) if count]
    latest = {holder.buffer: (holder.name, holder.shape) for holder in whole.holders}
    assert {numbers[h.buffer]: (h.name, h.shape) for h in found.holders} == {
        buffer: held for buffer, held in latest.items() if buffer in numbers
    }
    assert {numbers[buffer]: form for buffer, form in found.forms.items()} == {
        buffer: form for buffer, form in whole.forms.items() if buffer in numbers
    }


def check_moments(moments: MomentHistory, follower: Follower, path: Path) -> None:
    """Compare the highest moments, and the times of births, with a replay of the whole file."""
    with untracked():
        whole, found = read_file(path), follower.read()
    events, first = whole.events, len(found.nodes) - len(whole.tree)
    node_of, live, replayed, born = {}, Counter[int](), [], {}
    for at in range(len(events)):
        buffer, nbytes, is_born = int(events.buffer[at]), int(events.nbytes[at]), events.kind[at] == Kind.BORN
        if is_born:
            node_of[buffer], born[buffer] = int(events.stack[at]) + first, int(events.time_ns[at])
        else:
            del born[buffer]
        live[node_of[buffer]] += nbytes if is_born else -nbytes
        replayed.append((int(events.live[at]), {node: each for node, each in live.items() if each}))
    seen = moments.moments()
    for moment in seen:
        at = moment.live, dict(zip(moment.node.tolist(), moment.nbytes.tolist(), strict=True))
        assert at in replayed or moment.live == 0
    assert max((moment.live for moment in seen), default=0) == max((live for live, _ in replayed), default=0)
    assert follower.born_ns.tolist() == [born[buffer] for buffer in sorted(born)]


@pytest.mark.parametrize("data", [b"", b"hello" * 100, b"NDMEMJ\r\n", b"NDMEMJ\r\n\x09" + bytes(300)])
def test_what_is_no_journal_is_refused(data: bytes, tmp_path: Path) -> None:
    """An empty, foreign, cut or newer file raises a TraceError, and leaves no file open."""
    (tmp_path / "j").write_bytes(data)
    with pytest.raises(TraceError):
        Follower(tmp_path / "j")


def test_a_journal_that_gave_way_to_another_file_is_noticed(tmp_path: Path) -> None:
    """A path that leads to another file, or nowhere, no longer leads to the journal."""
    path = tmp_path / "j"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    recording = _native.Recording(4096, descriptor)
    follower = Follower(path)
    assert not follower.is_replaced()
    path.rename(tmp_path / "k")
    assert follower.is_replaced()
    path.write_bytes(b"another")
    assert follower.is_replaced()
    follower.close()
    os.close(descriptor)
    del recording


def test_what_was_written_last_of_the_run_holds(tmp_path: Path) -> None:
    """What is added when the program has ended comes after what it wrote itself, also for who looks only then."""
    path = tmp_path / "j.ndmem"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    recording = _native.Recording(4096, descriptor)
    recording.write_meta(json.dumps({"notes": ["first"], "python": "3"}).encode())
    os.close(descriptor)
    complete_journal(path, {"notes": ["last"]})
    follower = Follower(path)
    try:
        assert follower.read().meta == {"notes": ["last"], "python": "3"}
    finally:
        follower.close()

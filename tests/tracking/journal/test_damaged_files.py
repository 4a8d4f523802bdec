"""Journals and traces that were cut or damaged are refused in a sentence, or read; nothing else happens."""

import os
import random
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tracking.journal.damage import damage, look_through

import ndmem
from ndmem.tracking.journal.file.blocks import complete_journal
from ndmem.tracking.journal.file.reader import read_journal
from ndmem.tracking.journal.load import read_file

_FIRST_EVENTS = 3 * 65536 + 64
_EVENT = 24


# 600 births and 300 deaths, left as a kill would leave them. A program of its own: the call stack of a test is long.
PROGRAM = """\
import os, sys
import numpy as np
from ndmem import _native

recording = _native.Recording(4096, os.open("killed", os.O_RDWR | os.O_CREAT))
recording.write_meta(b'{"program": ["prog.py"], "library_roots": ["/usr/lib"], "notes": ["a note"]}')
recording.start()
peak = np.zeros(1_000_000)  # names are looked for around new peaks: this is the last one
del peak
first, second = np.zeros(1000), np.zeros(2000)[1:]
_native.sight_holders()
kept = [np.zeros(1000 + n) for n in range(597)]
del first, second, kept[:297]
recording.write_meta(b'{"numpy": "2.4.6"}')
os._exit(0)
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bytes of a journal as a kill leaves it, of a completed one, and of a trace."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "prog.py").write_text(PROGRAM)
    subprocess.run([sys.executable, "prog.py"], cwd=folder, check=True)
    (folder / "completed").write_bytes((folder / "killed").read_bytes())
    complete_journal(folder / "completed", {"exit_status": -9, "sources": {"prog.py": "a = 1\n" * 50}})
    ndmem.load(folder / "killed").save(folder / "trace")
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".py"}


@pytest.mark.long
def test_a_journal_cut_at_every_byte_of_its_last_4_kib_is_a_prefix(files: dict[str, bytes], tmp_path: Path) -> None:
    """Each cut within the last 4 KiB that a killed program wrote leaves the events that were whole before it."""
    path = tmp_path / "cut.ndmem"
    path.write_bytes(files["killed"])
    whole = read_file(path)
    end = _FIRST_EVENTS + _EVENT * len(read_journal(path).events)
    assert len(whole.events) == 900
    for cut in reversed(range(end - 4096, end)):
        os.truncate(path, cut)
        found = read_file(path)
        count = len(found.events)
        clocks = (cut - _FIRST_EVENTS) // _EVENT - count
        assert 0 <= clocks <= end // _EVENT - 900
        for name in ("kind", "stack", "buffer", "nbytes", "live", "time_ns", "thread"):
            assert np.array_equal(getattr(found.events, name), getattr(whole.events, name)[:count]), (cut, name)
        assert (found.sites, found.run.program, found.peak.nbytes) == (whole.sites, ("prog.py",), whole.peak.nbytes)


@pytest.mark.slow
def test_a_completed_journal_cut_at_every_byte_of_its_last_4_kib_reads(files: dict[str, bytes], tmp_path: Path) -> None:
    """Where the cut takes what the launcher added, the rest is as it was; where it takes events, a prefix is left."""
    path = tmp_path / "cut.ndmem"
    path.write_bytes(files["completed"])
    whole = read_journal(path)
    assert whole.meta["exit_status"] == -9
    for cut in reversed(range(len(files["completed"]) - 4096, len(files["completed"]))):
        os.truncate(path, cut)
        found = read_journal(path)
        assert found.events.tobytes() == whole.events[: len(found.events)].tobytes()
        assert found.nodes.tobytes() == whole.nodes.tobytes()
        assert found.meta == whole.meta or found.meta.keys() == whole.meta.keys() - {"exit_status", "sources"}


@pytest.mark.long
@settings(deadline=None, max_examples=25)
@given(kind=st.sampled_from(["killed", "completed", "trace"]), seed=st.integers(0, 2**64))
def test_damage_is_refused_or_every_view_can_be_made(
    kind: str, seed: int, files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A damaged file gives a TraceError that names it or a run with all its reports, in memory of the file's order."""
    path = tmp_path_factory.getbasetemp() / "damaged.ndmem"
    path.write_bytes(damage(files[kind], random.Random(seed)))
    tracemalloc.start()
    try:
        look_through(path)
        assert tracemalloc.get_traced_memory()[1] < 200 * len(files["killed"])
    finally:
        tracemalloc.stop()

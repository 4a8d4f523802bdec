"""Which buffers the garbage collector freed, and which are garbage when the program ends."""

from __future__ import annotations

import gc
import subprocess
import sys

import numpy as np
import pytest

import ndmem
from ndmem.model.holder import GARBAGE

_LEFT = """
import gc
import numpy as np

gc.disable()


class Node:
    def __init__(self, length):
        self.values = np.ones(length)
        self.me = self


class Tree:
    def __init__(self, length):
        self.leaves = [[np.ones(length)], {"tree": self}]


class Kept(Node):
    pass


Node(200_000)
Tree(200_001)
kept = Kept(200_002)
function = (lambda node: lambda: node)(Kept(200_003))
"""


class _Node:
    def __init__(self, length: int) -> None:
        self.values = np.ones(length)
        self.me: _Node | None = self


def _garbage(trace: ndmem.Trace) -> set[int]:
    """Return the bytes of the buffers that are noted as garbage."""
    numbers = {holder.buffer for holder in trace.holders if holder.function == GARBAGE}
    events = trace.events
    return set(events.nbytes[np.isin(events.buffer, list(numbers))].tolist())


def test_what_the_collector_frees_is_noted_and_what_references_free_is_not() -> None:
    """A buffer is noted as garbage if and only if it was freed while the collector ran."""
    gc.collect()
    gc.disable()
    try:
        with ndmem.track() as run:
            for length in (1000, 1001, 1002):
                node = _Node(length)
                if length == 1001:
                    node.me = None
            del node
            plain = np.ones(1003)
            gc.collect()
            del plain
    finally:
        gc.enable()
    assert _garbage(run.trace) == {8000, 8016}


def test_a_noted_buffer_has_its_death_as_its_last_event() -> None:
    """The note counts from the event on that freed the buffer, so that no earlier moment has lost a holder."""
    gc.collect()
    with ndmem.track() as run:
        _Node(1000)
        gc.collect()
    (note,) = (holder for holder in run.trace.holders if holder.function == GARBAGE)
    events = run.trace.events
    died = np.flatnonzero((events.buffer == note.buffer) & (events.kind == 1)).tolist()
    assert [note.events - 1] == died
    assert note.name == ""


@pytest.mark.long
def test_what_is_garbage_at_the_end_is_named_by_its_class(tmp_path) -> None:
    """Objects that only a cycle keeps at the end are garbage; those that a variable or a closure leads to are not."""
    program, file = tmp_path / "program.py", tmp_path / "run.ndmem"
    program.write_text(_LEFT)
    command = [sys.executable, "-m", "ndmem", "run", "-q", "-o", str(file), str(program)]
    subprocess.run(command, check=True, timeout=120)
    trace = ndmem.load(file).trace
    assert _garbage(trace) == {1_600_000, 1_600_008}
    assert {holder.name for holder in trace.holders if holder.function == GARBAGE} == {
        "Node (in a reference cycle)",
        "Tree (in a reference cycle)",
    }

"""What a journal says of values: stacks as places become nodes of the call tree, and nonsense is refused."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ndmem
from ndmem import _native
from ndmem.errors import TraceError
from ndmem.model.trace import Trace

FACT = {"dtype": "int64", "narrower": "uint8", "low": 0, "high": 9, "count": 1, "nbytes": 80_000}
LIST = {
    "filename": "a.py", "function": "f", "name": "x", "container": "list", "element": "float", "count": 9,
    "nbytes": 360, "array_nbytes": 72,
}  # fmt: skip


def record(path: Path, deep: Any) -> Trace:
    """Record two arrays of one line and one of another, with what was seen of values; read it back."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    try:
        recording = _native.Recording(4096, descriptor)
        recording.start()
        kept = [np.empty(9_000), np.empty(9_001)]
        kept.append(np.empty(9_002))
        if deep == "places":
            stacks = [_native.places_of(stack) for _, _, stack in _native.live_buffers(72_000)]
            lost = [["nowhere.py", 1, "f"], *stacks[0][1:]]
            deep = {"values": [{**FACT, "stack": stack} for stack in (*stacks, lost)], "boxed": [LIST]}
        recording.write_meta(json.dumps({"deep": deep}).encode())
        recording.stop()
    finally:
        os.close(descriptor)
    assert len(kept) == 3
    return ndmem.load(path).trace


def test_stacks_become_the_nodes_that_allocated(tmp_path):
    """Each stack is found by file, line and function of its frames; a line with two expressions has two nodes."""
    trace = record(tmp_path / "j.ndmem", "places")
    assert trace.deep is not None
    found = {frozenset(each.stacks) for each in trace.deep.values}
    nodes = {int(nbytes): int(node) for nbytes, node in zip(trace.events.nbytes, trace.events.stack, strict=True)}
    assert found == {frozenset({nodes[72_000], nodes[72_008]}), frozenset({nodes[72_016]})}
    assert [(one.name, one.nbytes, one.array_nbytes) for one in trace.deep.boxed] == [("x", 360, 72)]


@pytest.mark.parametrize(
    "deep",
    [
        5, [], {"values": []}, {"values": [FACT], "boxed": []},
        {"values": [{**FACT, "stack": [["a.py"]]}], "boxed": []},
        {"values": 5, "boxed": []}, {"values": [], "boxed": [5]},
    ],
    ids=str,
)  # fmt: skip
def test_a_damaged_description_is_refused(deep, tmp_path):
    """A description of values with missing or wrong fields raises a TraceError that names the file."""
    with pytest.raises(TraceError, match=r"j\.ndmem"):
        record(tmp_path / "j.ndmem", deep)

"""Traces as files, and files changed for a test."""

import dataclasses
import io
import zipfile

import numpy as np

import ndmem
from ndmem.model.deep_facts import EqualArrays, ValueRange
from ndmem.model.together import Together
from ndmem.model.trace import Trace

TOGETHER = dataclasses.asdict(Together(9, 12, 3, 4, 2, 7, 1))
"""What processes had together, as the file has it."""

EQUAL = dataclasses.asdict(EqualArrays((0,), "int64", (9,), 5, 1, 72))
VALUES = dataclasses.asdict(ValueRange((0,), "int64", "uint8", 0, 9, 1, 80_000))
"""What was seen of the values of arrays, as the file has it."""


def make_trace() -> Trace:
    """A trace of this very function, with events, counters, a view and a survivor."""
    with ndmem.track() as run:
        a = np.zeros(10_000)
        view = a[:10]
        b = [np.zeros(3) for _ in range(5)]
        del a
    assert view.base is not None
    assert len(b) == 5
    return run.trace


def rewrite(encoded: bytes, member: str, data: bytes) -> io.BytesIO:
    """The file with one member replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(encoded)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, data if name == member else old.read(name))
    out.seek(0)
    return out

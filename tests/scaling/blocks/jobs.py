"""A function, budgets and engines for tests of blocks."""

from __future__ import annotations

import gc

import pytest

from ndmem.platform.breakdown.heap import trim_heap
from ndmem.platform.resident.anonymous import anonymous_nbytes

ENGINES = ["loop", pytest.param("dask", marks=pytest.mark.skipif("not __import__('importlib').util.find_spec('dask')"))]


def room(nbytes):
    """Return a budget with room for some bytes above what this process has."""
    gc.collect()
    trim_heap()
    anonymous = anonymous_nbytes()
    assert anonymous is not None
    return anonymous + nbytes


def centre(block):
    """Subtract the mean of each row."""
    return block - block.mean(axis=1, keepdims=True)


THREADS = {"loop": {}, "dask": {"threads": 2}}

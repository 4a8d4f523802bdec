"""Ten tests as a project has them, for `repeat.py`: arrays, temporaries, sorts, cycles, threads in turn."""

from __future__ import annotations

import functools
import os
import threading

import numpy as np

# An array of one per cent of the peak of `test_normalise`, which the benchmark switches on.
EXTRA = os.environ.get("NDMEM_EXTRA") == "1"


def normalise(table):
    centred = table - table.mean(axis=0)
    extra = np.square(centred[:, :60]) if EXTRA else None
    assert extra is None or len(extra)
    return centred / np.abs(centred).max()


def test_normalise():
    table = np.arange(1_000_000, dtype="f8").reshape(500, 2000)
    assert normalise(table).shape == table.shape


def test_temporaries():
    x = np.linspace(0, 1, 100_000)
    assert (np.sin(x) * np.cos(x) + x**2).sum() > 0


def test_sort():
    values = np.random.default_rng(0).random(200_000)
    assert (np.diff(np.sort(values)) >= 0).all()


def test_unique():
    values = np.random.default_rng(1).integers(0, 1000, 100_000)
    assert len(np.unique(values)) == 1000


def test_solve():
    matrix = np.eye(200) + 1
    assert np.allclose(matrix @ np.linalg.solve(matrix, np.ones(200)), 1)


def test_grow_list():
    parts = [np.full(1000, i) for i in range(300)]
    assert np.concatenate(parts).sum() == 1000 * sum(range(300))


def test_text():
    names = np.array([f"name {i}" for i in range(20_000)])
    assert np.char.upper(names)[0] == "NAME 0"


def test_cycles():
    for i in range(200):
        node = {"data": np.zeros(2000), "number": i}
        node["self"] = node


def test_threads():
    first_is_done = threading.Event()

    def first():
        np.ones(50_000).sum()
        first_is_done.set()

    def second():
        first_is_done.wait()
        np.ones(80_000).sum()

    threads = [threading.Thread(target=each) for each in (first, second)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


@functools.cache
def load():
    return np.ones(30_000)


def test_cached():
    load.cache_clear()
    assert load() is load()

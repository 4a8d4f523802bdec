"""The peak of a budget: the most bytes that it counted at a time."""

from __future__ import annotations

import threading

import numpy as np

import ndmem


def test_the_peak_is_that_of_the_block_and_stays_after_it():
    """Three arrays of 8,000 bytes of which two live at a time have a peak of 16,000, within the block and after it."""
    limit = ndmem.limit("1 GiB", scope="thread")
    assert limit.peak == 0
    with limit:
        first = np.empty(1000)
        second = np.empty(1000)
        del second
        third = np.empty(1000)
        assert (limit.live, limit.peak) == (16_000, 16_000)
        del first, third
    assert (limit.live, limit.peak) == (0, 16_000)


def test_a_thread_counts_its_own_arrays_alone():
    """An array of another thread raises the peak of the process's budget and not that of this thread's."""
    with ndmem.limit("1 GiB", scope="thread") as mine, ndmem.limit("8 GiB") as everyones:
        before = everyones.live
        other = threading.Thread(target=lambda: np.empty(100_000))
        other.start()
        other.join()
        assert mine.peak == 0
        assert everyones.peak == before + 800_000

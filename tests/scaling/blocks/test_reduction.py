"""Partial results of neighbouring blocks."""

from __future__ import annotations

import itertools
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndmem.scaling.blocks.reduction import Reduction


@given(cuts=st.sets(st.integers(1, 49)), order=st.randoms(use_true_random=False))
def test_any_order_of_blocks_gives_the_rows_in_order(cuts, order):
    """Joining texts, which does not commute, gives the whole text whatever block comes first."""
    text = "".join(chr(65 + number) for number in range(50))
    borders = [0, *sorted(cuts), 50]
    blocks = list(itertools.pairwise(borders))
    order.shuffle(blocks)
    reduction = Reduction(lambda one, other: one + other)
    for start, stop in blocks:
        reduction.add(start, stop, text[start:stop])
    assert reduction.result() == text


def test_threads_lose_nothing():
    """Eight threads that add a thousand numbers between them get their sum."""
    reduction = Reduction(lambda one, other: one + other)

    def work(first):
        for number in range(first, 1000, 8):
            reduction.add(number, number + 1, number)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reduction.result() == 499_500


def test_a_missing_range_is_an_error():
    """Results of rows 0 to 1 and 2 to 3 are no result of all."""
    reduction = Reduction(lambda one, other: one + other)
    reduction.add(0, 1, 1)
    reduction.add(2, 3, 1)
    with pytest.raises(RuntimeError, match="2 partial results"):
        reduction.result()

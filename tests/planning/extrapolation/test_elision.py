"""Temporaries that NumPy may reuse."""

import tracemalloc

import numpy as np

from ndmem.planning.extrapolation.elision import THRESHOLD, find_pairs, is_unseen, live_if_reused, reuses_temporaries
from ndmem.tracking.meter import Meter

from .synthetic import Step, make_point

# a + b + c: the first sum dies at the instruction at which the second one was born.
_SUM: list[Step] = [("+", "f", 800), ("+", "g", 800), ("-", "g", 0)]


def test_an_operand_that_dies_where_the_result_is_born_could_be_reused() -> None:
    """The birth of the result and the death of an operand of the same size are a pair."""
    point = make_point(1, _SUM)
    born, died = find_pairs(point, point.nbytes)
    assert (born.tolist(), died.tolist()) == ([1], [2])
    assert point.live().tolist() == [800, 1600, 800]
    assert live_if_reused(point, point.nbytes, born, died).tolist() == [800, 800, 800]


def test_what_differs_in_size_or_place_could_not() -> None:
    """A result of another size, an operand that dies elsewhere, and a scalar are no pair."""
    for steps in (
        [("+", "f", 800), ("+", "g", 400), ("-", "g", 0)],
        [("+", "f", 800), ("+", "g", 800), ("-", "f", 0)],
        [("+", "f", 8), ("+", "g", 8), ("-", "g", 0)],
        [("+", "g", 800), ("-", "g", 0), ("+", "g", 800)],
    ):
        point = make_point(1, steps)
        assert len(find_pairs(point, point.nbytes)[0]) == 0


def test_each_birth_and_each_death_is_in_one_pair() -> None:
    """A result between two operands that die reuses one of them."""
    steps: list[Step] = [("+", "f", 800), ("+", "f", 800), ("+", "g", 800), ("-", "g", 0), ("-", "g", 1)]
    point = make_point(1, steps)
    born, died = find_pairs(point, point.nbytes)
    assert (born.tolist(), died.tolist()) == ([2], [3])


def test_only_buffers_that_pass_the_threshold_are_unseen() -> None:
    """A buffer below 256 KiB as measured and above it as predicted shows no reuse; the others do."""
    measured = np.array([THRESHOLD - 1, THRESHOLD, 8, 8])
    predicted = np.array([THRESHOLD, 2 * THRESHOLD, THRESHOLD - 1, 10**9])
    assert is_unseen(measured, predicted).tolist() == [True, False, False, True]


def test_the_threshold_is_that_of_this_numpy() -> None:
    """From THRESHOLD bytes on a sum of three arrays has one array at its peak, below it two; if NumPy reuses at all."""

    def count(nbytes: int) -> int:
        x = np.ones(nbytes // 8)
        _ = x + x + x
        tracemalloc.start()
        try:
            _ = x + x + x
            return tracemalloc.get_traced_memory()[1] // x.nbytes
        finally:
            tracemalloc.stop()

    large = count(THRESHOLD)
    assert count(THRESHOLD - 8) == 2
    assert large == (1 if reuses_temporaries(Meter()) else 2)

"""The ranks of a job together: figures worked out by hand, and laws."""

import random
import statistics

from hypothesis import given
from hypothesis import strategies as st
from tests.rank_traces import MIB, figures_of, rank_trace

from ndmem.analysis.ranks.job import find_median, make_job
from ndmem.analysis.ranks.request import add_reserve

GIB = 1024**3


def test_the_figures_of_a_job() -> None:
    """Sum, median, leader and missing ranks are those of three ranks of five, worked out by hand."""
    peaks = {0: {2: 3 * MIB}, 2: {2: 8 * MIB, 3: 2 * MIB}, 3: {2: MIB}}
    job = make_job(figures_of(rank_trace(number, arrays, size=5)) for number, arrays in peaks.items())
    assert [(each.rank.number, each.peak_nbytes) for each in job.ranks] == [(0, 3 * MIB), (2, 10 * MIB), (3, MIB)]
    assert (job.name, job.size, job.missing, job.leader.rank.number) == ("17.0", 5, (1, 4), 2)
    assert (job.peak_nbytes_sum, job.median_nbytes) == (14 * MIB, 3 * MIB)


def test_lines_have_maximum_and_median_over_all_ranks() -> None:
    """A rank without a line counts as 0 in its median; of equal ranks the first one is named."""
    arrays = [{2: 4 * MIB}, {2: 4 * MIB, 3: 6 * MIB}, {2: MIB, 3: 2 * MIB, 4: MIB}, {2: 3 * MIB}]
    job = make_job(figures_of(rank_trace(number, each)) for number, each in enumerate(arrays))
    found = [(line.lineno, line.max_nbytes, line.median_nbytes, line.max_rank, line.ranks) for line in job.lines()]
    assert found == [
        (3, 6 * MIB, MIB, 1, 2),  # 0, 0, 2, 6
        (2, 4 * MIB, 3 * MIB + MIB // 2, 0, 4),  # 1, 3, 4, 4
        (4, MIB, 0, 2, 1),
    ]
    assert job.lines()[0].source == "b = a + 1"


def test_lines_sum_to_the_peak_of_each_rank() -> None:
    """Over the lines of a rank the bytes are those live at its peak, each buffer once."""
    figures = figures_of(rank_trace(0, {2: 5 * MIB, 3: MIB, 4: 2 * MIB}))
    assert sum(line.nbytes for line in figures.lines) == figures.peak_nbytes == 8 * MIB


def test_hosts_are_sorted_by_resident_memory() -> None:
    """The sum of a machine is of its own ranks, and unknown where that of one rank is."""
    ranks = [
        rank_trace(0, {2: 9 * MIB}, host="a", rss_peak_nbytes=10 * MIB),
        rank_trace(1, {2: MIB}, host="b", rss_peak_nbytes=20 * MIB),
        rank_trace(2, {2: 2 * MIB}, host="b", rss_peak_nbytes=5 * MIB),
        rank_trace(3, {2: 3 * MIB}, host="c"),
    ]
    hosts = make_job(map(figures_of, ranks)).hosts()
    assert [(each.host, each.ranks, each.peak_nbytes, each.rss_peak_nbytes) for each in hosts] == [
        ("b", 2, 3 * MIB, 25 * MIB),
        ("a", 1, 9 * MIB, 10 * MIB),
        ("c", 1, 3 * MIB, None),
    ]


def test_a_job_does_not_depend_on_the_order_of_its_files() -> None:
    """Shuffled ranks, and a rank read twice, give the same job; of two records of a rank the later one counts."""
    ranks = [figures_of(rank_trace(number, {2: (number % 3 + 1) * MIB}, size=8)) for number in range(8)]
    older = figures_of(rank_trace(5, {2: 99 * MIB}, size=8, started=1_600_000_000.0))
    expected = make_job(ranks)
    for seed in range(5):
        given_ = [*ranks, ranks[3], older]
        random.Random(seed).shuffle(given_)
        job = make_job(given_)
        assert (job.ranks, job.lines(), job.leader.rank.number) == (expected.ranks, expected.lines(), 2)


@given(st.lists(st.integers(0, 2**50), min_size=1))
def test_the_median_is_that_of_the_standard_library(values: list[int]) -> None:
    """Of an odd number it is the middle one; of an even number the mean of the two in the middle, rounded down."""
    low, high = statistics.median_low(values), statistics.median_high(values)
    assert find_median(values) == (low + high) // 2


@given(st.integers(0, 2**50))
def test_a_request_has_its_reserve_and_is_a_size_that_a_person_writes(nbytes: int) -> None:
    """It has at least a tenth more than what was used, is at most one step above, and is a whole number of steps."""
    enough = add_reserve(nbytes)
    step = GIB if enough > 2 * GIB else 64 * MIB
    assert enough % (64 * MIB) == 0
    assert nbytes * 11 <= enough * 10
    assert enough - nbytes * 11 / 10 <= step + 1

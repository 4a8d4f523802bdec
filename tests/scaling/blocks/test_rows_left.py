"""The rows that are still to be worked on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ndmem.scaling.blocks.rows_left import RowsLeft

RANGES = st.lists(st.tuples(st.integers(0, 100), st.integers(1, 30)).map(lambda pair: (pair[0], sum(pair))), max_size=6)


@given(done=RANGES, rows=st.integers(1, 40), unit=st.integers(1, 12), threads=st.integers(1, 4))
def test_what_is_taken_and_what_is_done_are_all_rows(done, rows, unit, threads):
    """Blocks taken from 130 rows are those that were not done, each once and in order, with no more rows than asked."""
    left = RowsLeft(130, done)
    missing = set(range(130)) - {row for start, stop in done for row in range(start, stop)}
    assert len(left) == len(missing)
    blocks = list(left.take_all(rows, unit, threads=threads))
    assert [row for start, stop in blocks for row in range(start, stop)] == sorted(missing)
    assert all(0 < stop - start <= rows for start, stop in blocks)


def test_blocks_end_at_whole_chunks():
    """Of 100 rows in chunks of 8, blocks of up to 27 rows end at 24, 48, 72, 96 and at the end."""
    assert [stop for _, stop in RowsLeft(100).take_all(27, 8)] == [24, 48, 72, 96, 100]


def test_the_last_blocks_give_each_thread_one():
    """100 rows for two threads are four blocks of 20 and two of 10, not five of 20 of which the last runs alone."""
    sizes = [stop - start for start, stop in RowsLeft(100).take_all(20, threads=2)]
    assert sizes == [20, 20, 20, 20, 10, 10]


def test_the_last_blocks_are_whole_chunks():
    """The last 18 of 98 rows in chunks of 8 are a block of two chunks and one of the two rows behind them."""
    blocks = list(RowsLeft(98).take_all(40, 8, threads=2))
    assert blocks == [(0, 40), (40, 80), (80, 96), (96, 98)]

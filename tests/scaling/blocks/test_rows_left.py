"""The rows that are still to be worked on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ndmem.scaling.blocks.rows_left import RowsLeft

RANGES = st.lists(st.tuples(st.integers(0, 100), st.integers(1, 30)).map(lambda pair: (pair[0], sum(pair))), max_size=6)


@given(done=RANGES, rows=st.integers(1, 40), unit=st.integers(1, 12))
def test_what_is_taken_and_what_is_done_are_all_rows(done, rows, unit):
    """Blocks taken from 130 rows are those that were not done, each once and in order, with no more rows than asked."""
    left = RowsLeft(130, done)
    missing = set(range(130)) - {row for start, stop in done for row in range(start, stop)}
    assert len(left) == len(missing)
    blocks = list(left.take_all(rows, unit))
    assert [row for start, stop in blocks for row in range(start, stop)] == sorted(missing)
    assert all(0 < stop - start <= rows for start, stop in blocks)


def test_blocks_end_at_whole_chunks():
    """Of 100 rows in chunks of 8, blocks of up to 27 rows end at 24, 48, 72, 96 and at the end."""
    assert [stop for _, stop in RowsLeft(100).take_all(27, 8)] == [24, 48, 72, 96, 100]

"""Curves of bytes over rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndmem.scaling.curve import Curve, fit_curve

SIZES = (100, 200, 400, 800)


@given(constant=st.integers(0, 10**6), for_row=st.integers(1, 10**5))
def test_a_line_is_found_again(constant, for_row):
    """Points on a line give its values at ten times the largest size, within the penalty of its two terms."""
    found = fit_curve([(rows, constant + for_row * rows) for rows in SIZES])
    assert found.at(8000) == pytest.approx(constant + for_row * 8000, rel=0.02)
    assert found.error <= 0.02


def test_a_square_is_found_again():
    """Bytes of 8 for each pair of rows are no line, and give 8 * 8000**2 at 8,000 rows."""
    found = fit_curve([(rows, 8 * rows * rows) for rows in SIZES])
    assert found.at(8000) == pytest.approx(8 * 8000**2, rel=1e-6)


def test_one_point_is_taken_for_bytes_of_each_row():
    """A single block of 10 rows and 800 bytes suggests 80 bytes for each row."""
    assert fit_curve([(10, 800)]).at(1000) == pytest.approx(80_000, abs=1)


def test_bytes_that_scatter_are_told_by_the_error():
    """Bytes that fall with more rows are 50 per cent or more off any curve without negative terms."""
    assert fit_curve([(100, 1_000_000), (200, 100), (400, 1_000_000)]).error > 0.4


@given(
    constant=st.floats(0, 1e6),
    for_row=st.floats(0.5, 1e5),
    for_pair=st.floats(0, 10),
    nbytes=st.integers(0, 10**12),
)
def test_the_largest_number_of_rows_fits_and_one_more_does_not(constant, for_row, for_pair, nbytes):
    """`largest` returns rows that need no more than the bytes, and the next number of rows needs more."""
    curve = Curve(constant, for_row, for_pair, 0.0)
    rows = curve.largest(nbytes)
    assert rows == 0 or curve.at(rows) <= nbytes
    assert curve.at(rows + 2) > nbytes

"""Byte counts as text and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndmem.errors import NdmemError, UnitError
from ndmem.units import format_nbytes, parse_nbytes


@pytest.mark.parametrize(
    ("nbytes", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (10 * 1024 + 103, "10.1 KiB"),
        (80_000_000, "76.3 MiB"),
        (1024**3 - 1, "1 GiB"),
        (-2048, "-2 KiB"),
        (5 * 1024**6, "5 EiB"),
        (2000 * 1024**6, "2000 EiB"),
    ],
)
def test_counts_are_written_with_three_digits_and_a_binary_unit(nbytes: int, text: str) -> None:
    """A count is written with three significant digits and the largest unit that keeps it at or above one."""
    assert format_nbytes(nbytes) == text


@pytest.mark.parametrize(
    ("text", "nbytes"),
    [
        ("4096", 4096),
        (4096, 4096),
        ("4KiB", 4096),
        ("4 kib", 4096),
        ("4k", 4096),
        ("4Ki", 4096),
        ("50 MiB", 50 * 2**20),
        ("50 mib", 50 * 2**20),
        ("50M", 50 * 2**20),
        ("1.5 GiB", 1610612736),
        (".5K", 512),
        ("0.1KiB", 102),
        ("8589934591.9 GiB", 2**63 - 107374183),
    ],
)
def test_texts_are_read_as_binary_units(text: str | int, nbytes: int) -> None:
    """A prefix alone or with i means a power of 1024, and a fraction is rounded down to a byte."""
    assert parse_nbytes(text) == nbytes


@pytest.mark.parametrize(
    ("text", "decimal", "binary"),
    [
        ("4 kb", 4000, 4096),
        ("50 MB", 50_000_000, 50 * 2**20),
        ("50mb", 50_000_000, 50 * 2**20),
        ("1.5 GB", 1_500_000_000, 3 * 2**29),
        ("7 B", 7, 7),
    ],
)
def test_a_prefix_with_b_is_decimal(text: str, decimal: int, binary: int) -> None:
    """KB, MB and GB are powers of 1000, with a space and in any case; powers of 1024 where a caller asks for it."""
    assert parse_nbytes(text) == decimal
    assert parse_nbytes(text, binary=True) == binary


@pytest.mark.parametrize("bad", ["", "x", "4 QiB", "-1", -1, 2**63, "9e9", "1 2", "4KiB!", "٤x", None, 1.5, True, b"4"])
def test_anything_else_is_refused(bad: object) -> None:
    """A text that is not a byte count raises an error that is also a ValueError and names the text."""
    with pytest.raises(UnitError) as caught:
        parse_nbytes(bad)  # type: ignore[arg-type]  # wrong types are the point
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, NdmemError)
    assert repr(bad) in str(caught.value)


@given(st.integers(0, 2**62))
def test_reading_what_was_written_is_close(nbytes: int) -> None:
    """Three digits lose at most half a percent."""
    assert abs(parse_nbytes(format_nbytes(nbytes)) - nbytes) <= 0.005 * nbytes + 1

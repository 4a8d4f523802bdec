"""How much memory functions need for each row, measured."""

from __future__ import annotations

import numpy as np
import pytest

import ndmem
from ndmem.scaling.block import Phase

ROWS = "f8[200000, 100]"


@pytest.mark.parametrize(
    ("function", "factor"),
    [
        (lambda x: x + 1, 2.0),  # the block and the result
        (lambda x: x.astype("f4"), 1.5),
        (lambda x: np.add(y := x * 2, x * 3, out=y), 3.0),  # the block and two products
        (lambda x: np.concatenate([x, x, x], axis=1), 4.0),
        (lambda x: x.sum(axis=1), 1.01),
    ],
    ids=["add", "narrow", "products", "concatenate", "sum"],
)
def test_the_factor_is_what_the_expression_allocates(function, factor):
    """Peak over block is what counting the arrays of the expression by hand gives, within two per cent."""
    found = ndmem.amplification(function, ROWS)
    assert found.factor == pytest.approx(factor, rel=0.02)
    assert found.peak(50_000) == pytest.approx(factor * 50_000 * 800, rel=0.02)
    assert found.error <= 0.02


def test_work_memory_of_a_library_counts():
    """Memory that a library allocates and touches outside of NumPy is in the peak, and is called hidden."""
    import ctypes

    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]

    def scratch(x):
        block = libc.malloc(2 * x.nbytes)
        ctypes.memset(block, 1, 2 * x.nbytes)
        libc.free(block)
        return x[:, :1].copy()

    found = ndmem.amplification(scratch, ROWS)
    assert found.factor == pytest.approx(3.0, rel=0.02)  # the block, and twice its bytes
    assert found.hidden(50_000) == pytest.approx(2 * 50_000 * 800, rel=0.05)
    assert any("hidden work memory" in note for note in found.notes)


def test_another_algorithm_for_large_blocks_is_a_note():
    """A function that copies its block four times from 10,000 rows on is told to change its regime."""

    def switching(x):
        return np.concatenate([x] * (8 if len(x) > 12_000 else 1), axis=1)[:, :1].copy()

    found = ndmem.amplification(switching, ROWS)
    assert any("regime change" in note for note in found.notes), found.notes


def test_a_result_that_depends_on_the_data_is_a_note():
    """A mask that keeps all rows of the beginning and none of the end is told to depend on the data."""
    values = np.zeros((60_000, 100))
    values[:30_000] = 1
    found = ndmem.amplification(lambda x: x[x[:, 0] > 0] * 2, values)
    assert any("data-dependent" in note for note in found.notes), found.notes


def test_further_arrays_of_the_same_length_are_cut_and_others_are_not():
    """Of three arguments, the two with 5,000 rows get blocks of equal rows, and the third is passed whole."""
    seen = set()

    def function(x, y, whole):
        seen.add((len(x) == len(y), whole.shape))
        return x + y

    found = ndmem.amplification(function, "f8[5000, 100]", np.ones((5_000, 1)), "f8[7, 3]")
    assert seen == {(True, (7, 3))}
    assert found.row_nbytes == 808


def test_reading_counts_for_a_file_and_not_for_an_array(tmp_path):
    """Reading rows of a file allocates their bytes; rows of an array in memory are a view."""
    values = np.ones((20_000, 100))
    np.save(tmp_path / "x.npy", values)
    read = {kind: ndmem.amplification(np.negative, source).curves[Phase.READ].at(20_000) for kind, source in
            (("file", tmp_path / "x.npy"), ("array", values))}  # fmt: skip
    assert read["file"] == pytest.approx(16_000_000, rel=0.02)
    assert read["array"] < 200_000


def test_printing_shows_the_blocks():
    """The text has the factor, and a row for each measured block."""
    text = str(ndmem.amplification(np.negative, "f8[8000, 100]"))
    assert "negative needs 2" in text
    assert "8,000" in text


@pytest.mark.parametrize("dtype", ["f8", "c16", "i4", "u1", "?", "M8[s]", "S8"])
def test_values_of_any_dtype_and_number_of_axes_are_drawn(dtype):
    """A copy of an array of one axis or of three needs twice its block, whatever its dtype."""
    for shape in ("[4000000]", "[40000, 10, 10]"):
        assert ndmem.amplification(np.copy, dtype + shape).factor == pytest.approx(2.0, rel=0.02)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ((), "there is no sample"),
        (("f8[2, 5]",), "too few"),
        (("f8[]",), "rows on axis 0"),
        (("O[10]",), "fixed size"),
        ((object(),), "cannot read"),
    ],
)
def test_samples_that_cannot_be_cut_are_refused(samples, message):
    """A sample without enough rows, or of a wrong type, is one clear error."""
    with pytest.raises(ndmem.ScalingError, match=message):
        ndmem.amplification(np.negative, *samples)


def test_an_error_of_the_function_is_raised():
    """An exception of the function leaves `amplification` as it is, and no budget stays in force."""

    def fail(x):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        ndmem.amplification(fail, "f8[1000, 5]")
    with ndmem.limit("1 GiB", scope="thread") as limit:
        assert limit.live == 0

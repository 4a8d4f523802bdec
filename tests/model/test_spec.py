"""`spec`: an array that does not exist has the bytes NumPy would give it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ndmem.errors import NdmemError, SpecError
from ndmem.model.spec import Order, spec


@given(
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6),
    st.one_of(hnp.scalar_dtypes(), hnp.nested_dtypes(max_leaves=4), st.just(np.dtype(object))),
    st.sampled_from(["C", "F"]),
)
def test_bytes_are_numpys(shape, dtype, order):
    """For any shape and dtype, shape, dtype and bytes are those of the array NumPy makes."""
    made = np.empty(shape, dtype, order)
    said = spec(shape, dtype, order)
    assert (said.shape, said.dtype, said.nbytes) == (made.shape, made.dtype, made.nbytes)


@given(st.lists(st.integers(0, 10**30), max_size=6))
def test_no_overflow(shape):
    """Bytes are the exact product in Python's integers, however large."""
    expected = 8
    for length in shape:
        expected *= length
    assert spec(shape, "f8").nbytes == expected


@pytest.mark.parametrize(
    ("text", "shape", "nbytes"),
    [
        ("f4[100000, 1000]", (100_000, 1_000), 400_000_000),
        ("f8[100000,100000]", (100_000, 100_000), 80_000_000_000),
        (" i2 [3, ] ", (3,), 6),
        ("f8[]", (), 8),
        ("f8[1_000]", (1000,), 8000),
        ("f8[1e6, 2.5e1]", (1_000_000, 25), 200_000_000),
        ("u1[9007199254740993e0]", (9007199254740993,), 9007199254740993),  # which no float is
        ("datetime64[ns][10, 2]", (10, 2), 160),
        ("i4,f8[10]", (10,), 120),
        ("U3[5]", (5,), 60),
        ("f8[0, 99999999999999999999]", (0, 99999999999999999999), 0),
    ],
)
def test_text(text, shape, nbytes):
    """A text is a dtype and, in the last brackets, a shape."""
    said = spec(text)
    assert (said.shape, said.nbytes) == (shape, nbytes)


@given(hnp.array_shapes(min_dims=0, max_dims=4), hnp.scalar_dtypes().filter(lambda dtype: dtype.isnative))
def test_text_round_trip(shape, dtype):
    """What `str` writes reads back as the same spec."""
    said = spec(shape, dtype)
    assert spec(str(said)) == said


@pytest.mark.parametrize(
    "bad",
    [
        "f8",
        "",
        "[3]",
        "f8[-1]",
        "f8[1e-5]",
        "f8[1.5e0]",
        "f8[1e999]",
        "f8[1.5]",
        "f8[3,,4]",
        "f8[,]",
        "zz[3]",
        "f8[3",
        "f8[a]",
        "f8[\uff11]",
        "f" * 5000,
        "f8[" + "9" * 5000 + "]",
        "f8[" + "1," * 70 + "]",
        "\x00[3]",
        "f8[__3]",
        "f8]3[",
    ],
)
def test_bad_text(bad):
    """A text that is not a spec raises one line, in an error of both NumPy's kind and ours."""
    with pytest.raises(SpecError) as caught:
        spec(bad)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, NdmemError)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("shape", [-1, (3, -1), 1.5, (2.0,), None, True, (True,), ((3,),), object(), np.float64(3)])
def test_bad_shapes(shape):
    """Lengths that are negative or no integers are refused."""
    with pytest.raises(SpecError):
        spec(shape, "f8")


@pytest.mark.parametrize("dtype", ["nonsense", object(), "f8[3]", 3, [("a",)], {"names": 3}])
def test_bad_dtypes(dtype):
    """An invalid dtype is rejected, whatever NumPy raises for it."""
    with pytest.raises(SpecError):
        spec((3,), dtype)


def test_bad_order_and_double_dtype():
    """An order that is not C or F, and a dtype beside a text, are refused."""
    with pytest.raises(SpecError):
        spec((3,), "f8", "A")
    with pytest.raises(SpecError):
        spec("f8[3]", "f4")
    assert spec((3,), order=Order.F).order is Order.F


def test_lengths_of_numpys_integers():
    """NumPy's integers are lengths too, and the product does not overflow in them."""
    side = np.int32(2**20)
    assert spec((side, side), "f8").nbytes == 2**43

"""The narrowest dtype that holds the values of arrays, against a slow search through all dtypes."""

from __future__ import annotations

import itertools

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndmem.tracking.agent.deep import value_range
from ndmem.tracking.agent.deep.value_range import ValueRange, has_plain_values

INTEGERS = ("uint8", "int8", "uint16", "int16", "uint32", "int32")


def read(*arrays: np.ndarray) -> ValueRange:
    """Take the values of arrays of one dtype into account."""
    found = ValueRange(arrays[0].dtype.kind, arrays[0].dtype.itemsize)
    for array in arrays:
        assert has_plain_values(array, np)
        assert found.read(array, np, lambda: False)
    return found


def keeps_all(array: np.ndarray, dtype: str) -> bool:
    """Tell whether each value is the same number after a conversion there and back, as Python compares them."""
    for value in array.ravel().tolist():
        with np.errstate(all="ignore"):
            if np.dtype(dtype).kind in "iu":
                bounds = np.iinfo(dtype)
                same = value == value // 1 and bounds.min <= value <= bounds.max and str(value) != "-0.0"
            else:
                back = float(np.float32(value))
                same = back == value or (back != back and value != value)  # noqa: PLR0124  # NaN
        if not same:
            return False
    return True


@given(
    st.one_of(
        hnp.arrays(dtype, hnp.array_shapes(max_dims=2, max_side=6), elements=elements)
        for dtype in ("int16", "int32", "int64", "uint16", "uint32", "uint64")
        for elements in (None, hnp.from_dtype(np.dtype(dtype), min_value=0, max_value=300))
    )
)
def test_integers_get_the_narrowest_type_that_holds_them(array: np.ndarray) -> None:
    """Of all narrower integer types the first that holds each value is found; equal values say nothing."""
    narrower = [dtype for dtype in INTEGERS if np.dtype(dtype).itemsize < array.itemsize]
    fits = [dtype for dtype in narrower if keeps_all(array, dtype)]
    is_constant = len(set(array.ravel().tolist())) == 1
    assert read(array).narrower() == (None if is_constant or not fits else fits[0])


@given(
    hnp.arrays(
        "float64",
        st.integers(1, 8),
        elements=st.one_of(
            st.integers(-300, 70_000).map(float),
            st.floats(width=32),
            st.floats(allow_nan=True),
            st.sampled_from([0.0, -0.0, float("nan"), float("inf"), 0.5, 1e300]),
        ),
    )
)
def test_numbers_get_small_integers_or_single_precision_only_if_each_stays_the_same(array: np.ndarray) -> None:
    """A type is found if and only if it holds each number; -0.0, NaN and infinity are not integers."""
    fits = [dtype for dtype in (*INTEGERS[:4], "float32") if not (np.isnan(array).any() and dtype != "float32")]
    fits = [dtype for dtype in fits if np.isfinite(array).all() or dtype == "float32"]
    fits = [dtype for dtype in fits if keeps_all(array, dtype)]
    found = read(array)
    if (array == array[0]).all():  # equal values say nothing; NaN is not equal to itself
        assert found.narrower() is None
    else:
        assert found.narrower() == (fits[0] if fits else None)


@given(st.lists(st.text(st.characters(max_codepoint=999, exclude_characters="\0"), max_size=9), min_size=1, max_size=9))
def test_text_gets_the_longest_length_in_use(words: list[str]) -> None:
    """A field is as wide as the longest text, where that is at most half of it; Python counts the characters."""
    longest = max(map(len, words))
    wanted = f"<U{longest}" if 0 < longest <= 8 else None
    assert read(np.array(words, dtype="U16")).narrower() == wanted


@pytest.mark.parametrize(
    ("array", "narrower"),
    [
        (np.array([1 + 0j, 2]), "float64"),
        (np.array([1 + 0j, 2], "complex64"), "float32"),
        (np.array([1 + 0j, 2 + 1j]), None),
        (np.array([3 + 0j, 3]), None),
        (np.array([b"ab", b"c"], "S8"), "|S2"),
        (np.asfortranarray(np.arange(12).reshape(3, 4)), "uint8"),
        (np.array([0, 1], "float32"), "uint8"),
        (np.array([0.5, 0.25], "float32"), None),
    ],
    ids=str,
)
def test_values_of_other_kinds(array: np.ndarray, narrower: str | None) -> None:
    """Complex numbers, bytes, Fortran order and single precision: what each needs, worked out by hand."""
    assert read(array).narrower() == narrower


@given(st.lists(st.integers(-5, 300), min_size=1, max_size=40), st.integers(1, 5))
def test_the_range_of_several_arrays_is_that_of_all_their_values(values: list[int], parts: int) -> None:
    """Arrays that one line allocated one after the other need what all of them together need, whatever the steps."""
    whole = read(np.array(values))
    several = read(*(part for part in np.array_split(np.array(values), parts) if len(part)))
    assert (several.narrower(), several.low, several.high) == (whole.narrower(), min(values), max(values))


def test_values_beyond_the_first_step_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wide value after many narrow ones is seen, and steps end as soon as no narrower type is left."""
    steps = itertools.count()
    monkeypatch.setattr(value_range, "_AT_ONCE", 4)
    array = np.arange(40)
    array[37] = 2**40
    assert read(array).narrower() is None
    wide = ValueRange("f", 8)
    assert wide.read(np.linspace(0.1, 0.9, 40), np, lambda: next(steps) > 0)
    assert next(steps) == 1


def test_a_look_that_ran_out_of_time_says_so() -> None:
    """Values that were not read to the end are reported as such."""
    assert not ValueRange("i", 8).read(np.arange(10), np, lambda: True)


class _Subclass(np.ndarray):
    """An array of another class, whose methods must not run."""

    @property
    def flags(self) -> object:
        raise AssertionError

    @property
    def dtype(self) -> object:
        raise AssertionError


@pytest.mark.parametrize(
    "array",
    [
        np.arange(3).astype(object), np.zeros(3, "i8,f8"), np.arange(9)[::2], np.arange(3, dtype=">i8"),
        np.zeros(3, "m8[s]"), np.zeros(3, "?"), np.zeros(3, "u1"), np.zeros(3, "f2"), np.zeros(3, "V8"),
        np.zeros(3, "g"), np.ndarray.__new__(_Subclass, 3),
    ],
    ids=["object", "structure", "part", "byte order", "time", "bool", "uint8", "float16", "void", "long", "subclass"],
)  # fmt: skip
def test_other_arrays_are_left_alone(array: np.ndarray) -> None:
    """Objects, structures, parts, other byte orders and classes of the program are not examined."""
    assert not has_plain_values(array, np)

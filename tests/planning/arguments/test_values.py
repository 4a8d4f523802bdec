"""Values of samples."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndmem.planning.arguments.arguments import Arguments
from ndmem.planning.arguments.bind_specs import bind_arguments
from ndmem.planning.arguments.real.sample_data import Sample

_RNG = np.random.default_rng(5)
_N = 200_000


def _bind(*arrays: Any) -> Arguments:
    return bind_arguments(lambda *arrays: arrays, arrays, {})


def _samples(array: Any, length: int) -> list[Any]:
    """Return samples of each kind."""
    arguments = _bind(array)
    return [arguments.make({**arguments.lengths, "n": length}, sample)[0][0] for sample in Sample]


@pytest.mark.parametrize(
    "array",
    [
        _RNG.random(_N),
        _RNG.integers(-50, 70_000, _N),
        _RNG.integers(10, 90, (_N, 3)).astype("u1"),
        np.datetime64("2020") + _RNG.integers(0, 10**8, _N).astype("m8[s]"),
        np.where(_RNG.random(_N) < 0.9, np.nan, _RNG.random(_N)),
    ],
)
def test_least_and_greatest_value_are_there(array: Any) -> None:
    """Each kind of sample has the range of the array: values can set a size themselves."""
    for made in _samples(array, 500):
        assert (np.fmin.reduce(made, axis=None), np.fmax.reduce(made, axis=None)) == (
            np.fmin.reduce(array, axis=None),
            np.fmax.reduce(array, axis=None),
        )


def test_a_sorted_array_stays_sorted() -> None:
    """So does one in falling order, and with values that repeat."""
    for array in (np.sort(_RNG.random(_N)), np.sort(_RNG.integers(0, 300, _N)), np.sort(_RNG.integers(0, 60_000, _N))):
        for made in _samples(array, 5000):
            assert (np.diff(made) >= 0).all()
        for made in _samples(array[::-1], 5000):
            assert (np.diff(made) <= 0).all()


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.9])
def test_shares_below_a_threshold_stay(threshold: float) -> None:
    """Of sorted and of random numbers the share below a threshold is that of the array."""
    sorted_numbers = np.linspace(0, 1, _N)
    assert (_samples(sorted_numbers, 1000)[0] < threshold).mean() == pytest.approx(threshold, abs=0.002)
    shuffled = _RNG.permutation(sorted_numbers)
    assert (_samples(shuffled, 10_000)[0] < threshold).mean() == pytest.approx(threshold, abs=0.03)
    few = _RNG.poisson(100, _N)
    share = (few < 100).mean()
    assert (_samples(few, 5000)[0] < 100).mean() == pytest.approx(share, abs=0.03)


def test_the_share_of_nan_stays() -> None:
    """NaN at the end of an array make the same share of a sample."""
    array = np.where(np.arange(_N) < 0.7 * _N, 1.5, np.nan)
    assert np.isnan(_samples(array, 1000)[0]).mean() == pytest.approx(0.3, abs=0.002)


@pytest.mark.parametrize("count", [2, 10, 300])
@pytest.mark.parametrize("is_sorted", [False, True])
def test_few_different_values_are_all_there(count: int, is_sorted: bool) -> None:
    """From the length on that `least` asks for, samples of each kind have each category, also rare ones."""
    array = _RNG.integers(0, count, _N)
    array[array == 1] = 0
    array[_N // 3] = 1  # once in all
    array = np.sort(array) if is_sorted else array
    arguments = _bind(array)
    least = max(arguments.least.get("n", 0), 32)
    assert least >= 8 * count or count == 2
    for made in _samples(array, least):
        assert set(made.tolist()) == set(array.tolist())


def test_many_different_values_keep_their_number_in_proportion() -> None:
    """If each value is there three times, a sample has a third as many different values as elements; others differ."""
    array = np.repeat(_RNG.permutation(_N), 3)
    first, uneven, *_ = _samples(array, 3000)
    assert len(np.unique(first)) == pytest.approx(1000, rel=0.1)
    assert len(np.unique(uneven)) == pytest.approx(1000, rel=0.1)  # windows have neighbours
    shuffled = _RNG.permutation(array)
    first, uneven, *_ = _samples(shuffled, 3000)
    assert len(np.unique(first)) == pytest.approx(1000, rel=0.2)
    assert len(np.unique(uneven)) > 2500  # shows a function whose memory depends on it


@pytest.mark.parametrize("array", [_RNG.permutation(_N), np.arange(_N), _RNG.permutation(_N) * 10_007])
def test_a_unique_key_stays_unique(array: Any) -> None:
    """All elements of a sample of keys differ, whether they are scaled as indices or kept."""
    for made in _samples(array, 777):
        assert len(np.unique(made)) == 777


@given(st.integers(64, 1000))
def test_indices_stay_valid_and_reach_the_end(length: int) -> None:
    """Integers below the length of an axis are below its length in the sample, with the last one; so are its bounds."""
    rows, bounds = _RNG.integers(0, 5000, 2000), np.append(np.sort(_RNG.integers(0, 5000, 2000)), 5000)
    rows[7], bounds[0] = 4999, 0
    arguments = _bind(np.zeros(5000), rows, bounds)
    names = {length: name for name, length in arguments.lengths.items()}
    lengths = {names[5000]: length, names[2000]: 64, names[2001]: 65}
    (_, made, made_bounds), _ = arguments.make(lengths, Sample.FIRST)
    assert (made.min() >= 0, made.max()) == (True, length - 1)
    assert (made_bounds[0], made_bounds[-1], (np.diff(made_bounds) >= 0).all()) == (0, length, True)
    assert arguments.doubts == ()


def test_ambiguous_integers_are_scaled_and_reported() -> None:
    """Integers that nearly reach an axis, or far beyond all axes, are scaled; `doubts` says so and names them."""
    near, beyond = _RNG.integers(0, 99_000, 100_000), _RNG.integers(0, 500_000_000, 100_000)
    near[0], beyond[0] = 98_000, 499_999_999
    near_arguments = _bind(near)
    assert ["0" in near_arguments.doubts[0], len(near_arguments.doubts)] == [True, 1]
    assert near_arguments.make({"n": 1000}, Sample.FIRST)[0][0].max() < 1000
    arguments = _bind(beyond)
    (name,) = set(arguments.lengths) - {"n"}
    assert arguments.lengths[name] == 500_000_000
    assert arguments.make({"n": 100, name: 3000}, Sample.FIRST)[0][0].max() == 2999
    assert "may be lengths or values" in arguments.doubts[0]


def test_other_integers_are_kept() -> None:
    """Times in seconds, hashes and small numbers are values: no dimension is made of them, and nothing is doubted."""
    for array in (
        _RNG.integers(1_600_000_000, 1_700_000_000, _N),
        _RNG.integers(0, 2**62, _N),
        _RNG.integers(0, 5000, _N),
    ):
        arguments = _bind(array)
        assert (arguments.lengths, arguments.doubts) == ({"n": _N}, ())
        assert np.isin(arguments.make({"n": 50_000}, Sample.FIRST)[0][0], array).all()


def test_rows_that_belong_together_stay_together() -> None:
    """Arrays of one length are sampled at the same positions."""
    keys = _RNG.permutation(_N) * 1.0
    (a, b), _ = _bind(keys, keys * 2 + 1).make({"n": 1000}, Sample.FIRST)
    assert np.array_equal(a[1:-1] * 2 + 1, b[1:-1])

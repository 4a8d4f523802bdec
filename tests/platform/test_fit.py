"""`fits`: true exactly if it is no more than what is free less the headroom."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndmem.errors import SpecError, UnitError
from ndmem.model.spec import spec
from ndmem.platform.limits.fit import fits
from ndmem.platform.limits.machine_limits import Effect, Limit, Limits, Source

GIB = 1024**3


def machine(free: int) -> Limits:
    """A container with so many bytes free."""
    return Limits((Limit(Source.CGROUP, "memory.max", 10**15, 10**15 - free, free, Effect.KILLED),))


@given(st.integers(0, 10**14), st.integers(0, 10**14), st.integers(0, 10**13))
def test_boundary(needs, free, headroom):
    """It fits if and only if what it needs and the headroom are no more than what is free."""
    fit = fits(needs, headroom=headroom, within=machine(free))
    assert bool(fit) == (needs <= max(0, free - headroom))
    assert (fit.needs, fit.free, fit.headroom) == (needs, free, headroom)


@given(st.integers(0, 10**12), st.floats(0, 0.99))
def test_share(free, share):
    """A headroom below 1 is a share of what is free."""
    assert fits(0, headroom=share, within=machine(free)).headroom == int(free * share)


def test_several():
    """Several things need their sum."""
    what = ["1 KiB", 24, "f8[10]", spec((2,), "i4"), np.ones(3)]
    assert fits(what, within=machine(10**6)).needs == 1024 + 24 + 80 + 8 + 24


def test_array_is_one_thing():
    """An array, though it can be iterated, is its own bytes."""
    assert fits(np.ones((5, 7)), within=machine(10**6)).needs == 280


def test_unknown_limit():
    """Without a known limit the answer is false."""
    fit = fits(1, within=Limits(()))
    assert not fit
    assert fit.free is None


def test_here():
    """On this machine one byte fits and an exabyte does not."""
    assert fits(1)
    assert not fits(2**60)


@pytest.mark.parametrize("bad", [-1, "12 parsecs", None, 1.5, True, object(), ["x"], [None]])
def test_bad_input(bad):
    """An object without a number of bytes is rejected with that reason."""
    with pytest.raises(UnitError):
        fits(bad, within=machine(1))


@pytest.mark.parametrize("bad", ["f8[x]", "q9[3]"])
def test_bad_spec(bad):
    """A text with brackets is read as a spec."""
    with pytest.raises(SpecError):
        fits(bad, within=machine(1))


@pytest.mark.parametrize("headroom", [1.0, -0.1, float("nan"), "much", -5])
def test_bad_headroom(headroom):
    """A headroom that is neither a fraction nor a number of bytes is rejected."""
    with pytest.raises(UnitError):
        fits(1, headroom=headroom, within=machine(1))


@pytest.mark.parametrize("shape", [(100_000, 100_000), (5,), (2, 3, 4)])
def test_shape_is_not_taken_for_bytes(shape):
    """A tuple of integers is rejected with the spec to write; a list of them is several numbers of bytes."""
    inside = ", ".join(map(str, shape))
    with pytest.raises(UnitError, match=re.escape(f'write "f8[{inside}]" or ndmem.spec')):
        fits(shape, within=machine(GIB))
    assert fits(list(shape), within=machine(GIB)).needs == sum(shape)


def test_tuple_of_specs_is_several():
    """A tuple that has anything but integers is several things."""
    assert fits(("1 KiB", 24, spec("f8[10]")), within=machine(GIB)).needs == 1024 + 24 + 80

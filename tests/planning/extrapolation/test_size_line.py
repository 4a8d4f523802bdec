"""The line of sizes leads to the real one."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ndmem.planning.extrapolation.size_line import KEPT, SHORTEST, Line, choose_line

_ON_A_BUSY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
_LENGTHS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 10**7), min_size=1)


def _product(lengths: dict[str, int]) -> int:
    return int(np.prod([float(length) for length in lengths.values()]))


@_ON_A_BUSY_MACHINE
@given(_LENGTHS)
def test_a_line_leads_to_the_real_size(lengths: dict[str, int]) -> None:
    """At its target a line has the real lengths, and smaller ones of the same residues before."""
    line = choose_line(lengths, _product)
    assert line.at(line.target) == lengths
    for t in range(min(line.target, 9)):
        at = line.at(t)
        assert all(0 <= at[name] <= lengths[name] for name in lengths)
        assert all(at[name] % 4 == lengths[name] % 4 for name in lengths)


@_ON_A_BUSY_MACHINE
@given(_LENGTHS)
def test_a_line_keeps_the_order_of_lengths(lengths: dict[str, int]) -> None:
    """A dimension that is longer than another one at the real size is not shorter at a small one."""
    line = choose_line(lengths, _product)
    names = sorted(lengths, key=lambda name: lengths[name])
    at = line.at(4 if line.target > 4 else 0)
    assert [at[name] for name in names] == sorted(at[name] for name in names)


@_ON_A_BUSY_MACHINE
@given(_LENGTHS)
def test_short_dimensions_stay(lengths: dict[str, int]) -> None:
    """Dimensions of up to 96 keep their length, and no other one gets shorter than 32."""
    line = choose_line(lengths, _product)
    for name, length in lengths.items():
        if length <= KEPT:
            assert name not in line.scaled()
        if name in line.scaled():
            assert line.at(0)[name] >= SHORTEST


def test_positions_are_affine() -> None:
    """Each dimension has its start at 0 and grows by its step; those without a step do not grow."""
    line = Line({"n": 40, "k": 3}, {"n": 8, "k": 0}, 100)
    assert line.at(0) == {"n": 40, "k": 3}
    assert line.at(100) == {"n": 840, "k": 3}
    assert line.scaled() == ["n"]


def test_sizes_without_a_long_dimension_have_no_line() -> None:
    """The target is 0: the real size is all there is."""
    assert choose_line({"n": 50, "m": 0}, _product).target == 0

"""What a largest run that is off makes of the answer."""

from types import SimpleNamespace
from typing import Any

import pytest

from ndmem.planning.strategy.doubt import Weight
from ndmem.planning.strategy.doubts import _doubt_larger_runs
from ndmem.planning.strategy.findings import LargestRun


@pytest.mark.parametrize(
    ("peak", "weight", "off"),
    [
        pytest.param(93_000, Weight.GRAVE, 0.14, id="7 % below: twice as far off at the real size"),
        pytest.param(99_900, Weight.SLIGHT, 0.001, id="0.1 %: as far off"),
    ],
)
def test_what_is_off_at_a_part_of_the_real_size_may_be_further_off_there(peak: int, weight: Weight, off: float) -> None:
    """A run that needs other memory than predicted widens the interval: by twice the difference if it is large."""
    point: Any = SimpleNamespace(peak=peak, lengths={"n": 1000})
    findings: Any = SimpleNamespace(
        largest=LargestRun(point, expected=100_000), ghost=None, estimate=SimpleNamespace(error=0.0)
    )
    (doubt,) = _doubt_larger_runs(findings)
    assert (doubt.weight, doubt.off) == (weight, pytest.approx(off))

"""The interval of a rough answer holds what the growth of the measured peaks allows."""

import math

from ndmem.planning.conclusion import draw_conclusion
from ndmem.planning.extrapolation.estimate import estimate_peak
from ndmem.planning.extrapolation.match import Point, StackNumbers
from ndmem.planning.extrapolation.size_line import Line
from ndmem.planning.strategy.doubt import Doubt, Weight
from ndmem.planning.strategy.findings import Findings

from .extrapolation.synthetic import make_point

_LINE = Line({"n": 0}, {"n": 1}, 1000)


def _count_different(t: int) -> int:
    """Return the bytes of the different values among t that are drawn from 2000: fewer and fewer are new."""
    return int(8 * 2000 * (1 - math.exp(-t / 2000)))


def test_growth_that_slows_down_lies_in_the_interval_of_a_rough_answer() -> None:
    """From 100 to 200 of 1000 draws nearly all values are new, and a line fits them; the peak at 1000 is 16 % lower."""
    numbers = StackNumbers()

    def run(t: int) -> Point:
        return make_point(t, [("+", "draw", _count_different(t))], numbers)

    points = tuple(run(t) for t in (100, 125, 150, 175, 200))
    estimate = estimate_peak(_LINE, points, 1000)
    findings = Findings(
        points=points, estimate=estimate, last_matched=estimate, agreement=0.0, scales=(run(25), run(50))
    )
    found = draw_conclusion(_LINE, findings, [Doubt("it depends on the data", Weight.GRAVE)])
    truth = _count_different(1000)
    assert estimate.nbytes > 1.1 * truth
    assert found.low <= truth <= found.high

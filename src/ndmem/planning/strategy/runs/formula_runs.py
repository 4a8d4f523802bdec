"""Run the function at sizes that vary one dimension at a time, for the formulas of its buffers."""

from ndmem.planning.extrapolation.formula import Formulas, choose_variables, find_formulas
from ndmem.planning.extrapolation.match import match
from ndmem.planning.strategy.attempts import has_time
from ndmem.planning.strategy.failure import NO_RESULT
from ndmem.planning.strategy.findings import Findings
from ndmem.planning.strategy.measurements import Measurements

_MOST_EFFORT = 250_000
_SHARE = 0.5
"""Part of the processor time left that the runs may take."""


def measure_formulas(measurements: Measurements, findings: Findings) -> Formulas | None:
    """Return the formulas; ``None`` if there are none, or the runs for them cost too much."""
    variables = choose_variables(measurements.line, measurements.arguments.lengths)
    if not findings.estimate.is_matched or variables is None or findings.is_cut:
        return None
    last = findings.points[-1]
    # The smallest run of the same structure: the polynomials have to reproduce the largest one, too.
    first = next(point for point in (*findings.scales, findings.points[0]) if match((point, last)))
    runs = len(variables.steps)
    if runs * measurements.count_effort(first) > _MOST_EFFORT:
        return None
    if not has_time(measurements, first.t, runs=runs, share=_SHARE):
        return None
    try:
        points = [measurements.measure_at(variables.shift(first.lengths, steps)) for steps in variables.steps]
    except NO_RESULT:
        return None
    expected = findings.estimate.sizes if findings.real is None else None
    return find_formulas(variables, points, last, expected, measurements.arguments.lengths)

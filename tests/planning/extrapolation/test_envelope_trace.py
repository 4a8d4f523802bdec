"""A predicted trace for runs that do not match."""

from ndmem.planning.extrapolation.envelope_trace import envelope_trace
from ndmem.planning.extrapolation.estimate import estimate_peak
from ndmem.planning.extrapolation.match import StackNumbers
from ndmem.planning.extrapolation.size_line import Line

from .synthetic import Step, make_point

_LINE = Line({"n": 0}, {"n": 1}, 1000)


def _steps(t: int) -> list[Step]:
    """Keep an array of 80·t bytes, then t arrays of 8·t; the first dies before one of 8·t."""
    return [("+", "f", 80 * t), *([("+", "g", 8 * t)] * t), ("-", "h", 0), ("+", "h", 8 * t)]


def test_the_trace_has_what_is_alive_at_the_peak() -> None:
    """At n = 1000 the peak is 80·n + 8·n² bytes; f and g allocated them, and h had less."""
    numbers = StackNumbers()
    points = [make_point(t, _steps(t), numbers) for t in (4, 5, 6, 7, 8)]
    found = estimate_peak(_LINE, points, 1000)
    trace = envelope_trace(_LINE, points, found, 1000)
    peak = 80 * 1000 + 8 * 1000**2
    assert found.nbytes == trace.peak.nbytes == int(trace.tallies.at_peak.sum()) == peak
    by_name = dict(zip((trace.sites[site].function for site in trace.tree.site.tolist()), range(3), strict=True))
    assert int(trace.tallies.at_peak[by_name["f"]]) == 80 * 1000
    assert int(trace.tallies.at_peak[by_name["g"]]) == 8 * 1000**2
    assert int(trace.tallies.max_live[by_name["h"]]) == 8 * 1000**2 + 8 * 1000
    assert not trace.tallies.live.any()


def test_without_a_common_stack_the_last_run_is_shown() -> None:
    """If no stack is in all runs there is nothing to extrapolate."""
    points = [make_point(t, [("+", f"f{t}", 8 * t)]) for t in (4, 5, 6)]
    numbers = StackNumbers()
    points = [make_point(t, [("+", f"f{t}", 8 * t)], numbers) for t in (4, 5, 6)]
    trace = envelope_trace(_LINE, points, estimate_peak(_LINE, points, 1000), 1000)
    assert trace.peak.nbytes == 48

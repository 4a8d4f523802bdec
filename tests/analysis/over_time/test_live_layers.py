"""Layers and growth of a program that still runs."""

import dataclasses

import numpy as np
from tests.traces import USER, Frame, TraceBuilder

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.over_time.growth_rates import GrowthRates
from ndmem.analysis.over_time.live_layers import live_layers
from ndmem.model.moments import LiveMoment

SECOND = 10**9


def line(lineno: int) -> Frame:
    """Return a frame of the program's own code."""
    return Frame(USER, lineno, "<module>")


def index_of(builder: TraceBuilder, *, at: float) -> TraceIndex:
    """Return the index of what a builder recorded until a time."""
    trace = builder.build()
    return TraceIndex(dataclasses.replace(trace, run=dataclasses.replace(trace.run, duration_s=at)))


def moment(time_s: float, live: int, nodes: dict[int, int], native: int = 0) -> LiveMoment:
    """Return a moment."""
    node, nbytes = np.array([*nodes], np.int32), np.array([*nodes.values()], np.int64)
    return LiveMoment(int(time_s * SECOND), live, native, node, nbytes)


def test_layers_sum_to_the_live_bytes() -> None:
    """At each moment the layers of lines and the other arrays are together what is live; the last is the present."""
    builder = TraceBuilder()
    first, second = builder.node([line(1)]), builder.node([line(2)])
    builder.born([line(1)], 8000)
    builder.born([line(2)], 100)
    found = live_layers(
        index_of(builder, at=3.0), [moment(1.0, 9000, {first: 5000, second: 3000}), moment(2.0, 5000, {first: 5000})]
    )
    assert found.time_s == (0.0, 1.0, 2.0, 3.0)
    assert [(each.lineno, each.nbytes) for each in found.layers] == [
        (1, (0, 5000, 5000, 8000)), (2, (0, 3000, 0, 100)), (None, (0, 1000, 0, 0)),
    ]  # fmt: skip


def test_a_line_keeps_its_place_when_others_come_and_go() -> None:
    """A line that had a layer before keeps its number, and so its colour; a new one takes the place that is free."""
    builder = TraceBuilder()
    nodes = {number: builder.node([line(number)]) for number in range(1, 5)}
    builder.born([line(1)], 100)
    index = index_of(builder, at=2.0)
    moments = [moment(1.0, 10_000, {nodes[1]: 2000, nodes[2]: 5000, nodes[3]: 3000})]
    known = [(USER, 3), (USER, 4), (USER, 1)]
    assert [each.lineno for each in live_layers(index, moments, known=known, lines=3).layers] == [3, 2, 1, None]


def test_a_node_that_the_tree_lacks_is_left_out() -> None:
    """A moment of a damaged record that names a node which is not there is drawn without it."""
    builder = TraceBuilder()
    builder.born([line(1)], 100)
    found = live_layers(index_of(builder, at=2.0), [moment(1.0, 500, {77: 400, -3: 5})])
    assert found.layers[-1].nbytes[1] == 500


def growth(live: list[int]) -> float | None:
    """Return the growth of a line that has so many bytes at each second."""
    rates, found = GrowthRates(), {}
    for second, nbytes in enumerate(live):
        builder = TraceBuilder()
        builder.born([line(1)], nbytes)
        found = rates.add(index_of(builder, at=float(second)))
    return found.get((USER, 1))


def test_growth_is_what_stays() -> None:
    """A line that keeps 1000 bytes a second more grows by that; one whose arrays come and go does not."""
    assert growth([5000 + 1000 * second for second in range(20)]) == 1000
    assert growth([5000 if second % 2 else 90_000 for second in range(20)]) == 0
    assert growth([5000, 6000]) is None
    # What was before the last 20 seconds does not count.
    assert growth([1000 * second for second in range(30)] + [30_000] * 21) == 0

"""Call stacks as a tree of lines, and the ways in which they are weighed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.random_traces import traces
from tests.reporting.samples import MIB, pipeline
from tests.traces import NUMPY, USER, Frame, TraceBuilder

from ndmem.analysis.call_tree.icicle import Icicle, build_icicle
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.measure import Measure, weigh_nodes
from ndmem.analysis.moment import Moment
from ndmem.model.trace import Trace


def rows(icicle: Icicle, measure: Measure) -> dict[tuple[str, ...], int]:
    """Return the bytes of each node that has any, by the functions and lines of its path from the top."""
    paths: list[tuple[str, ...]] = []
    for (_, lineno, function), parent in zip(icicle.keys, icicle.parent.tolist(), strict=True):
        paths.append((*(paths[parent] if parent >= 0 else ()), f"{function}:{lineno}"))
    return {path: nbytes for path, nbytes in zip(paths, icicle.nbytes[measure].tolist(), strict=True) if nbytes}


def test_callers_are_above() -> None:
    """A node has the bytes that it and its calls allocated; parts of one line are one node, libraries are folded."""
    found = build_icicle(TraceIndex(pipeline()))
    assert rows(found, Measure.PEAK) == {
        ("<module>:7",): 200 * MIB,
        ("<module>:8",): 401 * MIB,
        ("<module>:8", "normalise:4"): MIB,
        ("<module>:8", "normalise:5"): 400 * MIB,
    }
    assert rows(found, Measure.TOTAL)["<module>:8", "normalise:5"] == 600 * MIB
    assert found.total[Measure.PEAK] == 601 * MIB


def test_temporaries_are_those_of_the_users_statement() -> None:
    """Of line 5 its `x - mean` and the array inside `std` died within it; `mean` did not die within line 4."""
    found = build_icicle(TraceIndex(pipeline()))
    assert rows(found, Measure.TEMPORARY) == {
        ("<module>:8",): 400 * MIB,
        ("<module>:8", "normalise:5"): 400 * MIB,
    }


def test_inverted_the_makers_are_above() -> None:
    """Inverted, the allocating lines are at the top and their callers below."""
    assert rows(build_icicle(TraceIndex(pipeline()), inverted=True), Measure.PEAK) == {
        ("<module>:7",): 200 * MIB,
        ("normalise:4",): MIB,
        ("normalise:4", "<module>:8"): MIB,
        ("normalise:5",): 400 * MIB,
        ("normalise:5", "<module>:8"): 400 * MIB,
    }


def test_libraries_can_be_shown() -> None:
    """With the frames of libraries the mean is allocated inside NumPy."""
    found = rows(build_icicle(TraceIndex(pipeline()), library=True), Measure.PEAK)
    assert found["<module>:8", "normalise:4", "_mean:118"] == MIB


def test_what_cannot_be_seen_is_left_out() -> None:
    """Nodes of less than a thousandth are not kept, nor more than the limit; the whole is the same."""
    builder = TraceBuilder()
    for lineno in range(1, 12):
        builder.born((Frame(USER, lineno),), 10 * MIB)
    builder.born((Frame(USER, 99), Frame(NUMPY, 3)), 8)
    trace = builder.build()
    assert len(build_icicle(TraceIndex(trace)).keys) == 11
    limited = build_icicle(TraceIndex(trace), limit=4)
    assert len(limited.keys) == 4
    assert limited.total[Measure.PEAK] == 110 * MIB + 8


@given(traces(), st.booleans(), st.booleans())
def test_the_roots_are_the_whole(trace: Trace, library: bool, inverted: bool) -> None:  # drawn
    """For any program the roots sum to the whole without the smallest nodes; children never exceed their parent."""
    found = build_icicle(TraceIndex(trace), library=library, inverted=inverted)
    assert found.total[Measure.PEAK] == trace.peak.nbytes
    assert found.total[Measure.KEPT] == trace.live_nbytes
    assert found.total[Measure.TOTAL] == trace.total_nbytes
    for measure, nbytes in found.nbytes.items():
        # Random programs are small: nothing is below a thousandth unless it is nothing.
        below = np.zeros(len(nbytes) + 1, np.int64)
        np.add.at(below, found.parent, nbytes)
        assert below[-1] <= found.total[measure]
        assert 1000 * (found.total[measure] - int(below[-1])) <= 25 * found.total[measure]
        assert (below[:-1] <= nbytes).all()
    assert (found.parent < np.arange(len(found.parent))).all()


@given(traces(), st.booleans())
def test_both_directions_have_the_same_whole(trace: Trace, library: bool) -> None:  # drawn
    """For any program the direction changes no total."""
    assert (
        build_icicle(TraceIndex(trace), library=library).total
        == build_icicle(TraceIndex(trace), library=library, inverted=True).total
    )


@given(traces())
def test_temporaries_are_part_of_the_total(trace: Trace) -> None:
    """For any program no node has more temporaries than it allocated, nor any that are alive at the end."""
    temporary, total, kept = (
        weigh_nodes(TraceIndex(trace), each) for each in (Measure.TEMPORARY, Measure.TOTAL, Measure.KEPT)
    )
    assert (temporary + kept <= total).all()


@pytest.mark.parametrize(("moment", "measure"), [(Moment.PEAK, Measure.PEAK), (Moment.END, Measure.KEPT)])
def test_moments_have_their_measure(moment: Moment, measure: Measure) -> None:
    """What is alive at a moment is one of the measures."""
    assert Measure.of(moment) is measure

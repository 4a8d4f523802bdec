"""Arrays in memory that NumPy did not allocate are arrays: of kind ``foreign`` or ``mapped``, with names and shapes."""

import importlib.util
import re

import pytest
from tests.system.other_memory_programs import CASES, ITEMS, Case
from tests.system.tracked import TrackedRun, TrackedRuns

from ndmem.analysis.index import TraceIndex
from ndmem.model.columns import Domain, Kind

_HEAD = 4096
"""At most so many bytes of a block are not the array's: the head of an object, or the end of a page."""


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    """A program."""
    found = CASES[request.param]
    if found.needs and importlib.util.find_spec(found.needs) is None:
        pytest.skip(f"{found.needs} is not installed")
    return found


@pytest.fixture
def run(case: Case, tracked: TrackedRuns) -> TrackedRun:
    """Its run, in which native memory was recorded."""
    found = tracked(case.program)
    assert found.outcome.status == 0, found.outcome.stderr
    if found.trace.native is None:
        pytest.skip("native memory was not recorded here")
    return found


def _sightings(run: TrackedRun, case: Case) -> dict[int, set[tuple[str, tuple[int, ...], str]]]:
    """Return name, shape and dtype of each array with the name of the case, by buffer."""
    found: dict[int, set[tuple[str, tuple[int, ...], str]]] = {}
    for holder in run.trace.holders:
        name = re.sub(r"\[\d+\]", "[…]", holder.name)
        if name == case.holder:
            found.setdefault(holder.buffer, set()).add((name, holder.shape, holder.dtype))
    return found


def test_the_array_has_its_kind_name_and_shape(run: TrackedRun, case: Case) -> None:
    """As many buffers as the program has such arrays are of the expected kind, with its name, shape and dtype."""
    events = TraceIndex(run.trace).trace.events
    kind = {int(buffer): Domain(domain) for buffer, domain in zip(events.buffer, events.domain, strict=True)}
    expected = (case.holder, case.shape, case.dtype)
    found = [buffer for buffer, arrays in _sightings(run, case).items() if expected in arrays]
    assert {kind[buffer].name.lower() for buffer in found} == {case.kind}
    if case.shape[0] == ITEMS:
        assert len(found) == case.count
    for buffer in found:
        assert case.file in run.trace.origins.get(buffer, "")


def test_the_memory_is_the_arrays(run: TrackedRun, case: Case) -> None:
    """The buffers of the arrays have their bytes and at most a page more, and nothing of them is native."""
    trace = TraceIndex(run.trace).trace
    events, itemsize = trace.events, {"float64": 8, "uint8": 1}[case.dtype]
    nbytes = itemsize * case.count
    for length in case.shape:
        nbytes *= length
    sightings = _sightings(run, case)
    mine = [buffer for buffer, arrays in sightings.items() if any(shape == case.shape for _, shape, _ in arrays)]
    born = (events.kind == Kind.BORN) & [buffer in mine for buffer in events.buffer.tolist()]
    assert nbytes <= int(events.nbytes[born].sum()) + 65536 * (case.shape[0] == 10)
    assert int(events.nbytes[born].sum()) <= nbytes + _HEAD * case.count
    assert not (events.domain[born] == Domain.NATIVE).any()


def test_the_parts_sum_to_the_total_peak(run: TrackedRun, case: Case) -> None:
    """At the total peak arrays, foreign and native memory sum to it; foreign rows sum to the foreign memory."""
    trace, report = TraceIndex(run.trace).trace, run.report
    parts = {domain: int(trace.tallies.at_total_peak[trace.tree.domain == domain].sum()) for domain in Domain}
    assert sum(parts[domain] for domain in (Domain.ARRAY, Domain.FOREIGN, Domain.NATIVE)) == report["total_peak_nbytes"]
    rows = report["foreign_at_total_peak"]
    assert sum(row["nbytes"] for row in rows) == parts[Domain.FOREIGN]
    assert sum(row["nbytes"] for row in report["native_at_total_peak"]) == parts[Domain.NATIVE]
    assert {row["kind"] for row in rows} <= {"foreign"}
    assert {row["kind"] for row in report["mapped_at_mapped_peak"]} <= {"mapped"}
    assert (case.kind == "mapped") <= bool(report["mapped_at_mapped_peak"])

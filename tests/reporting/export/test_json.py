"""The JSON report against its published schema and against the trace."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.random_traces import traces
from tests.reporting.export.json_report import SCHEMA, report
from tests.reporting.samples import MIB, hostile, pipeline
from tests.traces import ROOTS, USER, Frame, TraceBuilder

from ndmem.model.machine_limit import MachineLimit
from ndmem.model.trace import Trace


def objects_of(schema: object) -> list[dict[str, Any]]:
    """Return every part of a schema that describes an object."""
    if isinstance(schema, list):
        return [found for part in schema for found in objects_of(part)]
    if not isinstance(schema, dict):
        return []
    own = [schema] if schema.get("type") == "object" else []
    return own + [found for part in schema.values() for found in objects_of(part)]


def test_the_schema_is_strict_and_described() -> None:
    """The schema is valid; its objects allow and require exactly the fields they describe, except evidence."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    found = objects_of(SCHEMA)
    assert len(found) == 33
    evidence = SCHEMA["$defs"]["finding"]["properties"]["evidence"]
    for each in found:
        assert each["additionalProperties"] is (each is evidence)
        assert sorted(each["required"]) == sorted(each["properties"])
        assert all("description" in field or "$ref" in field for field in each["properties"].values())


def test_what_was_allowed() -> None:
    """The limit is the one that was recorded, and what was left is counted of the budget where there was one."""
    group = MachineLimit("cgroup", "memory.max", 1024 * MIB, 900 * MIB)
    document = report(pipeline(limit=group, rss_peak_nbytes=700 * MIB))
    assert document["limit"] == {
        "source": "cgroup", "name": "memory.max", "nbytes": 1024 * MIB, "free_nbytes": 900 * MIB,
    }  # fmt: skip
    assert (document["budget_nbytes"], document["left_nbytes"]) == (None, 200 * MIB)
    document = report(pipeline(limit=group, budget_nbytes=640 * MIB))
    assert (document["budget_nbytes"], document["left_nbytes"]) == (640 * MIB, 39 * MIB)


def test_unknown_is_null() -> None:
    """A run that knows nothing has null where a figure is not known, and empty lists."""
    document = report(TraceBuilder().build(numpy=None, exit_status=None, program=()))
    assert [document[key] for key in ("numpy", "exit_status", "peak_site", "answer")] == [None] * 4
    assert (document["lines"], document["at_peak"], document["peak_nbytes"]) == ([], [], 0)
    nowhere = TraceBuilder()
    nowhere.born((Frame("", 0, "<no Python frame>"),), 8)
    (line,) = report(nowhere.build())["lines"]
    assert (line["lineno"], line["source"], line["temporary_nbytes"]) == (None, None, None)


def test_hostile_text_is_kept_as_it_is() -> None:
    """Whatever a name holds comes back unchanged: JSON escapes it."""
    trace = hostile()
    sites = {site["filename"] for buffer in report(trace)["at_peak"] for site in buffer["stack"]}
    assert sites == {site.filename for site in trace.sites}
    assert report(trace)["program"] == list(trace.run.program)


@given(traces() | traces(native=True), st.booleans())
def test_any_trace_fits_the_schema(trace: Trace, library: bool) -> None:
    """For any program the document passes its schema, and its parts agree with its totals."""
    document = report(trace, library=library)
    peak = document["peak_nbytes"]
    assert sum(buffer["nbytes"] for buffer in document["at_peak"]) <= peak
    assert max(point["live_nbytes"] for point in document["timeline"]) == peak
    assert all(line["at_peak_nbytes"] <= peak for line in document["lines"])
    if trace.total is not None:
        at_total = [sum(point[key] for key in ("live_nbytes", "native_nbytes")) for point in document["timeline"]]
        assert max(at_total) == document["total_peak_nbytes"]
        assert sum(block["nbytes"] for block in document["native_at_total_peak"]) <= document["total_peak_nbytes"]
    if not library:
        roots = tuple(f"{root}/" for root in ROOTS)
        assert document["peak_site"] is None or any(
            line["filename"] == document["peak_site"]["filename"] for line in document["lines"]
        )
        assert all(
            not line["filename"].startswith(roots) or line["count"] or line["native_count"]
            for line in document["lines"]
        )


@pytest.mark.parametrize("count", [3000])
def test_the_timeline_is_bounded(count: int) -> None:
    """However long the run, the timeline has at most 2,000 points."""
    builder = TraceBuilder()
    for number in range(count):
        builder.born((Frame(USER, 1),), MIB, time_s=number)
    assert len(report(builder.build(duration_s=count))["timeline"]) <= 2000

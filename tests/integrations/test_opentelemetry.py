"""Observable gauges and counters of OpenTelemetry."""

import sys
from typing import Any

import numpy as np
import pytest
from tests.forking import forks, in_fork

import ndmem
from ndmem.api import INSTRUMENTS
from ndmem.errors import MissingError
from ndmem.integrations.opentelemetry import observe
from ndmem.results.tracked_run import recorder_of

sdk = pytest.importorskip("opentelemetry.sdk.metrics")


def reader_and_meter() -> tuple[Any, Any]:
    """A reader that keeps what it collects, and a meter for it."""
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    reader = InMemoryMetricReader()
    return reader, sdk.MeterProvider([reader], shutdown_on_exit=False).get_meter("test")


def collect(reader: Any) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Collect now: attributes and values by name."""
    data = reader.get_metrics_data()
    metrics = [] if data is None else data.resource_metrics[0].scope_metrics[0].metrics
    return {
        metric.name: [(dict(point.attributes), point.value) for point in metric.data.data_points] for metric in metrics
    }


def keep_one() -> object:
    """Allocate 8,000 bytes."""
    return np.empty(1000)


def test_figures_equal_those_of_the_run_when_they_are_collected() -> None:
    """Values follow from one array of 8,000 bytes, then from two: each collection reads anew."""
    with ndmem.track(continuous=True) as run:
        reader, meter = reader_and_meter()
        observe(run, meter, sites=1)
        kept = [keep_one()]
        site = f"{__file__}:{keep_one.__code__.co_firstlineno + 2} keep_one"
        found = collect(reader)
        assert found["ndmem.array.live"] == [({}, run.live)] == [({}, 8000)]
        assert found["ndmem.site.live"] == [({"site": site}, 8000), ({"site": "other"}, 0)]
        kept.append(keep_one())
        found = collect(reader)
        assert found["ndmem.array.live"] == [({}, 16000)]
        assert found["ndmem.array.allocated"] == [({}, 16000)]
        assert found["ndmem.live_arrays"] == [({}, 2)]


def test_all_figures_of_a_collection_are_of_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collection of all instruments reads the recording once."""
    with ndmem.track(continuous=True) as run:
        reader, meter = reader_and_meter()
        observe(run, meter)
        recorder = recorder_of(run)
        assert recorder is not None
        calls, tally = [], recorder.tally
        monkeypatch.setattr(recorder, "tally", lambda: calls.append(1) or tally())
        collect(reader)
        collect(reader)
        assert len(calls) == 2


def test_units_and_descriptions_are_those_of_the_table() -> None:
    """Each instrument has its unit and its description, and names follow OpenTelemetry: lower case, dots, no unit."""
    with ndmem.track(continuous=True) as run:
        reader, meter = reader_and_meter()
        observe(run, meter)
        metrics = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
        given = {each.name: (each.unit, each.description) for each in metrics}
    table = {each.name: (each.unit.value, each.description) for each in INSTRUMENTS}
    assert given.items() <= table.items()
    assert all(name == name.lower() and "bytes" not in name for name in table)


def test_without_a_recording_metrics_of_arrays_are_absent() -> None:
    """Before the start only the state, the process and its limit are observed."""
    reader, meter = reader_and_meter()
    observe(ndmem.track(continuous=True), meter)
    found = collect(reader)
    assert found.pop("ndmem.recording.running") == [({}, 0)]
    assert found.keys() <= {"ndmem.resident", "ndmem.limit", "ndmem.limit.free"}


@forks
def test_a_forked_child_observes_no_figure_of_its_parent() -> None:
    """In a forked child metrics of arrays are absent."""
    with ndmem.track(continuous=True) as run:
        reader, meter = reader_and_meter()
        observe(run, meter)
        kept = keep_one()
        assert "ndmem.array.live" in collect(reader)
        assert [name for name in in_fork(lambda: list(collect(reader))) if "array" in name or "site" in name] == []
        del kept


def test_without_the_library_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where opentelemetry cannot be imported, the error names the extra."""
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(MissingError, match=r"pip install 'ndmem\[opentelemetry\]'"):
        observe(ndmem.track(continuous=True))

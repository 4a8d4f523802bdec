"""The timeline as counter tracks."""

import io
import json
from typing import Any

from hypothesis import given
from tests.random_traces import traces
from tests.reporting.samples import MIB, factoring, hostile, pipeline
from tests.traces import TraceBuilder

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.over_time.timeline import timeline
from ndmem.model.trace import Trace
from ndmem.reporting.export.chrome import write_chrome


def events(trace: Trace) -> list[dict[str, Any]]:
    """Return what is read back."""
    stream = io.StringIO()
    write_chrome(TraceIndex(trace), stream, folder="/home/ada")
    assert stream.getvalue().isascii()
    found: list[dict[str, Any]] = json.loads(stream.getvalue())["traceEvents"]
    return found


def track(trace: Trace, name: str) -> list[tuple[float, dict[str, int]]]:
    """Return times and values of a track."""
    return [(event["ts"], event["args"]) for event in events(trace) if event["ph"] == "C" and event["name"] == name]


def test_arrays_are_divided_among_lines() -> None:
    """At the peak, after 0.4 s, three lines have what they own then, in bytes; the times are microseconds."""
    found = dict(track(pipeline(), "arrays"))
    assert found[400_000.0] == {"pipeline.py:5": 400 * MIB, "pipeline.py:7": 200 * MIB, "other": MIB}
    assert found[0.0] == {"pipeline.py:5": 0, "pipeline.py:7": 0, "other": 0}


def test_native_and_resident_memory_have_tracks_of_their_own() -> None:
    """Where native memory was watched and resident memory sampled they are there, and else they are not."""
    trace = factoring(rss=[(0.5, 90 * MIB)])
    assert dict(track(trace, "native"))[400_000.0] == {"native": 60 * MIB}
    assert track(trace, "rss") == [(500_000.0, {"rss": 90 * MIB})]
    assert track(pipeline(), "native") == track(pipeline(), "rss") == []


def test_the_process_has_its_name() -> None:
    """The first event names the process; hostile names are printable, and a run without arrays is valid."""
    assert events(pipeline())[0] == {
        "name": "process_name", "ph": "M", "pid": 4242, "args": {"name": "/home/ada/pipeline.py"},
    }  # fmt: skip
    assert events(hostile())[0]["args"]["name"].isprintable()
    assert len(events(TraceBuilder().build())) > 1


@given(traces())
def test_the_series_sum_to_the_timeline(trace: Trace) -> None:
    """For any program the series of a moment sum to what was alive."""
    assert [sum(values.values()) for _, values in track(trace, "arrays")] == [
        point.live_nbytes for point in timeline(TraceIndex(trace))
    ]

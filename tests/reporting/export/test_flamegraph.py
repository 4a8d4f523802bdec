"""Collapsed stacks and speedscope."""

import io
import json
import re
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.random_traces import traces
from tests.reporting.samples import MIB, hostile, pipeline
from tests.traces import TraceBuilder

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.measure import Measure
from ndmem.analysis.moment import Moment
from ndmem.model.trace import Trace
from ndmem.reporting.export.flamegraph import write_collapsed, write_speedscope

# What flamegraph.pl splits a line by: all up to the last space is the stack, then a number.
COLLAPSED_LINE = re.compile(r"^(.+)\s+?(\d+)$")

# The parts of https://www.speedscope.app/file-format-schema.json that a sampled profile consists of, written
# from the format's description.
SPEEDSCOPE = {
    "type": "object",
    "required": ["$schema", "shared", "profiles"],
    "properties": {
        "$schema": {"const": "https://www.speedscope.app/file-format-schema.json"},
        "name": {"type": "string"},
        "exporter": {"type": "string"},
        "activeProfileIndex": {"type": "integer"},
        "shared": {
            "type": "object",
            "required": ["frames"],
            "properties": {
                "frames": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {
                            "name": {"type": "string"},
                            "file": {"type": "string"},
                            "line": {"type": "integer", "minimum": 1},
                        },
                        "additionalProperties": False,
                    },
                }
            },
        },
        "profiles": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "name", "unit", "startValue", "endValue", "samples", "weights"],
                "properties": {
                    "type": {"const": "sampled"},
                    "unit": {"const": "bytes"},
                    "samples": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
                    "weights": {"type": "array", "items": {"type": "integer"}},
                },
            },
        },
    },
    "additionalProperties": False,
}


def collapsed(trace: Trace, **options: object) -> dict[str, int]:
    """Return stacks and bytes, read as flamegraph.pl reads them."""
    stream = io.StringIO()
    write_collapsed(TraceIndex(trace), stream, **options)
    assert stream.getvalue().isascii()
    matches = [COLLAPSED_LINE.match(line) for line in stream.getvalue().split("\n")[:-1]]
    assert all(matches)
    return {match[1]: int(match[2]) for match in matches if match}


def speedscope(trace: Trace, **options: object) -> dict[str, Any]:
    """Return the document, valid and consistent."""
    stream = io.StringIO()
    write_speedscope(TraceIndex(trace), stream, **options)
    document = json.loads(stream.getvalue())
    jsonschema.validate(document, SPEEDSCOPE)
    (profile,) = document["profiles"]
    assert len(profile["samples"]) == len(profile["weights"])
    assert sum(profile["weights"]) == profile["endValue"] - profile["startValue"]
    used = {number for sample in profile["samples"] for number in sample}
    assert used == set(range(len(document["shared"]["frames"])))
    return document


def test_collapsed_stacks_of_a_pipeline() -> None:
    """Frames are root first with their file and line; expressions of one line are one frame."""
    assert collapsed(pipeline(), folder="/home/ada") == {
        "<module> (pipeline.py:8);normalise (pipeline.py:5)": 400 * MIB,
        "<module> (pipeline.py:7)": 200 * MIB,
        "<module> (pipeline.py:8);normalise (pipeline.py:4)": MIB,
    }
    assert "numpy/_core/_methods.py:170" in "".join(collapsed(pipeline(), library=True))


def test_speedscope_of_a_pipeline() -> None:
    """Samples are stacks, root first, and their weights are the bytes."""
    document = speedscope(pipeline(), folder="/home/ada", measure=Measure.KEPT)
    frames, (profile,) = document["shared"]["frames"], document["profiles"]
    read = {
        tuple((frames[n]["name"], frames[n]["line"]) for n in sample): weight
        for sample, weight in zip(profile["samples"], profile["weights"], strict=True)
    }
    assert read == {
        (("<module>", 8), ("normalise", 5)): 200 * MIB,
        (("<module>", 7),): 200 * MIB,
        (("<module>", 9),): 8000,
    }
    assert profile["name"] == "/home/ada/pipeline.py: arrays alive at the end"


@pytest.mark.parametrize("moment", Moment)
def test_nothing_alive_is_an_empty_profile(moment: Moment) -> None:
    """A run without arrays gives no line and a profile without samples."""
    trace = TraceBuilder().build()
    assert collapsed(trace, measure=Measure.of(moment)) == {}
    assert speedscope(trace, measure=Measure.of(moment))["profiles"][0]["endValue"] == 0


def test_hostile_names_do_not_split_frames() -> None:
    """A semicolon, a line end or an escape in a name neither ends a frame nor a line."""
    stacks = collapsed(hostile())
    assert sorted(stack.count(";") for stack in stacks) == [0, 0]
    assert sorted(stacks.values()) == [3 * MIB, 5 * MIB]
    assert all(stack.isprintable() for stack in stacks)
    assert "line" not in speedscope(hostile())["shared"]["frames"][-1]


@given(traces(), st.sampled_from(Moment), st.booleans())
def test_both_hold_the_live_bytes(trace: Trace, moment: Moment, library: bool) -> None:
    """For any program, both formats sum to the peak or to what is alive at the end."""
    live = trace.peak.nbytes if moment is Moment.PEAK else trace.live_nbytes
    assert sum(collapsed(trace, measure=Measure.of(moment), library=library).values()) == live
    assert speedscope(trace, measure=Measure.of(moment), library=library)["profiles"][0]["endValue"] == live


def test_stacks_are_weighed_by_what_is_asked_for() -> None:
    """Line 5 allocated 600 MiB, of which 400 are temporaries; line 7 allocated no temporary."""
    total, temporary = (collapsed(pipeline(), measure=measure) for measure in (Measure.TOTAL, Measure.TEMPORARY))
    normalise = next(stack for stack in total if "normalise" in stack and ":5" in stack)
    assert (total[normalise], temporary) == (600 * MIB, {normalise: 400 * MIB})
    assert sum(total.values()) == pipeline().total_nbytes
    assert speedscope(pipeline(), measure=Measure.TEMPORARY)["profiles"][0]["endValue"] == 400 * MIB

"""Native memory in the report for people."""

import dataclasses
import io
import json
import re

import pytest
from hypothesis import given
from tests.random_traces import traces
from tests.reporting.samples import HARM, MIB, factoring, pipeline
from tests.reporting.text.test_report import render
from tests.traces import USER, Frame, TraceBuilder

from ndmem.analysis.answer.total import find_total
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.moment import Moment
from ndmem.model.trace import Trace
from ndmem.reporting.export.json import write_json
from ndmem.reporting.export.stats_json import write_stats_json
from ndmem.reporting.sentences.answer import answer_sentence
from ndmem.reporting.sentences.total import total_sentence
from ndmem.reporting.text.stats import write_stats
from ndmem.units import format_nbytes


def test_the_report_of_a_run_with_native_blocks() -> None:
    """Native memory has its sentence, its column, its lines and its blocks; together they are the total peak."""
    assert render(factoring(rss_peak_nbytes=95 * MIB)).splitlines()[:-2] == [
        "Peak 76 MiB: 60 MiB is native memory, not in arrays, 48 MiB of it allocated at",
        "pipeline.py:4 `np.linalg.svd(a)`; reached on that line.",
        "Arrays alone peak at 16 MiB: one array allocated at pipeline.py:7",
        "`np.ones((1024, 2048))`; reached on that line.",
        "1 array, 16 MiB in total, 16 MiB alive at the end; 1.5 s.",
        "",
        "share  at peak  native  temporary    kept           line  Live at the peak",
        " 100%   16 MiB  48 MiB          -  16 MiB  pipeline.py:7  u, s, v = factor(np.o…",
        "                                                          No arrays at the peak",
        "    -        -  48 MiB          -       -  pipeline.py:4  return np.linalg.svd(…",
        "    -        -   4 MiB          -       -  pipeline.py:6  words = sorted(words)",
        "    -        -   8 MiB                                    imports and what no P…",
        "",
        "Largest arrays at the peak",
        "",
        "nbytes  allocated by                         held by",
        "16 MiB  pipeline.py:7 np.ones((1024, 2048))  holder unknown",
        "16 MiB  all",
        "",
        "Largest native blocks at the total peak",
        "",
        "nbytes  allocated by                    kind",
        "32 MiB  pipeline.py:4 np.linalg.svd(a)  temporary",
        "16 MiB  pipeline.py:4 np.linalg.svd(a)  temporary",
        " 8 MiB  OpenBLAS thread buffers",
        " 4 MiB  pipeline.py:6 sorted(words)",
        "60 MiB  all",
        "",
        "at peak: allocated by the line, or by what it called, and live at the peak;",
        "native: not in arrays, live at the total peak; temporary: freed before the line",
        "had ended; kept: live at the end.",
        "Resident memory: at most 95 MiB, including the interpreter and its libraries.",
    ]


def test_native_blocks_at_the_end() -> None:
    """At the end the table has the blocks that were never freed."""
    text = render(factoring(), moment=Moment.END)
    assert "memory: 28 MiB at the end, 16 MiB of arrays and 12 MiB native (8 MiB" in text.replace("\n", " ")
    assert re.search(r"^Largest native blocks at the end$", text, re.MULTILINE)
    assert re.search(r"^12 MiB  all$", text, re.MULTILINE)


def test_nothing_at_the_end() -> None:
    """Where arrays and native blocks were all freed, the report says that nothing is left."""
    builder = TraceBuilder(native_threshold=64 * 1024)
    for handle in (builder.born((Frame(USER, 1),), MIB), builder.native((Frame(USER, 2),), MIB)):
        builder.died(handle, (Frame(USER, 3),))
    text = render(builder.build(), moment=Moment.END, width=200)
    assert "\nIncluding native (non-array) memory: nothing at the end.\n" in text


def test_limits_sum_the_other_blocks() -> None:
    """Blocks beyond the limit are one row, and those whose events were dropped another."""
    text = render(factoring(dropped=3), buffers=1)
    assert re.search(r"^28 MiB  3 other blocks$", text, re.MULTILINE)
    builder = TraceBuilder(native_threshold=64 * 1024)
    builder.native((Frame(USER, 1),), 4 * MIB)
    trace = builder.build(dropped=1)
    tallies = dataclasses.replace(trace.tallies, at_total_peak=2 * trace.tallies.at_total_peak)
    unknown = dataclasses.replace(trace, tallies=tallies)
    assert re.search(r"^ 4 MiB  unknown blocks: events were dropped$", render(unknown), re.MULTILINE)


def test_native_memory_that_does_not_matter_takes_no_room() -> None:
    """Below a tenth of the total peak native memory is a sentence; its lines, column and table are left out."""
    builder = TraceBuilder(native_threshold=64 * 1024)
    builder.born((Frame(USER, 1),), 91 * MIB)
    block = builder.native((Frame(USER, 2),), 9 * MIB)  # of 100 MiB: 9 %
    text = render(builder.build())
    assert "memory: 100 MiB at pipeline.py:2, 91 MiB of arrays and 9 MiB native (" in text.replace("\n", " ")
    assert "share" in text
    assert not re.search("share.*native", text)
    assert "native blocks" not in text
    assert "100%   91 MiB" in text
    assert "No arrays" not in text
    builder.died(block, (Frame(USER, 2),))
    builder.native((Frame(USER, 2),), 11 * MIB)  # of 102 MiB: 10.8 %
    assert re.search("share.*native", render(builder.build()))


def test_native_memory_of_many_lines_names_none() -> None:
    """Where no line has half of the peak, the sentence says how much one has at most, and what most of it is."""
    builder = TraceBuilder(native_threshold=64 * 1024)
    for lineno in (1, 2, 3, 4):
        builder.native((Frame(USER, lineno),), lineno * MIB)
    builder.born((Frame(USER, 5),), MIB)
    start = "Peak 11 MiB: 10 MiB is native memory, not in arrays"
    lines = "\n".join(f"line_{lineno}()" for lineno in range(1, 6))
    text = render(builder.build(sources={USER: lines}), width=200)
    assert text.startswith(f"{start}; no line allocated more than 4 MiB of it; reached at pipeline.py:5")
    bare = Frame("<frozen importlib._bootstrap>", 1, "_find_and_load")
    for lineno in (1, 2):
        builder.native((Frame(USER, lineno), bare), 3 * MIB)
    text = render(builder.build(sources={USER: lines}), width=200)
    assert text.startswith(
        "Peak 17 MiB: 16 MiB is native memory, not in arrays, 6 MiB of it imports; no line allocated more than 4 MiB"
    )


def test_small_blocks_are_those_of_their_lines() -> None:
    """Of the line with most native memory all blocks count, small ones too, which have a name of their own."""
    builder = TraceBuilder(native_threshold=64 * 1024)
    origins = {}
    for lineno in (1, 2, 3):
        for _ in range(lineno):
            origins[builder.number(builder.native((Frame(USER, lineno),), MIB))] = "(small blocks)"
        builder.native((Frame(USER, lineno),), 3 * MIB)
    lines = "\n".join(f"line_{lineno}()" for lineno in (1, 2, 3))
    text = render(builder.build(sources={USER: lines}, origins=origins), width=200)
    assert text.startswith(
        "Peak 15 MiB: all of it is native memory, not in arrays, 6 MiB of it small blocks; "
        "no line allocated more than 6 MiB of it"
    )


def test_no_native_block_at_all() -> None:
    """If native memory was tracked and there was none, the report states it."""
    builder = TraceBuilder(native_threshold=64 * 1024)
    builder.born((Frame(USER, 1),), MIB)
    assert "No native memory: no block of 64 KiB or more was allocated besides the arrays." in render(
        builder.build(), width=200
    )


def test_a_run_of_native_blocks_alone() -> None:
    """A program without arrays still has its total peak, its lines and its blocks."""
    builder = TraceBuilder(native_threshold=64 * 1024)
    builder.native((Frame(USER, 1),), MIB)
    text = render(builder.build())
    assert text.replace("\n", " ").startswith(
        "Peak 1 MiB: all of it is native memory, not in arrays, 1 MiB of it allocated at pipeline.py:1; reached on "
        "that line. "
    )
    assert re.search(r"^ 1 MiB  pipeline.py:1 in <module>$", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("resident", "text"),
    [
        (
            795 * MIB,
            "Not in arrays: 194 MiB, the highest resident memory (795 MiB) less the highest arrays (601 MiB), "
            "which need not be at the same moment.",
        ),
        (
            300 * MIB,
            "Resident memory: at most 300 MiB, less than the arrays: some pages were never touched, or were swapped "
            "out.",
        ),
    ],
)
def test_memory_outside_arrays_is_not_attributed(resident: int, text: str) -> None:
    """Without native memory the report says how much there was besides arrays, as far as that is known."""
    assert text in render(pipeline(rss_peak_nbytes=resident), width=400)


def test_nothing_is_said_of_resident_memory_that_was_not_measured() -> None:
    """A block tracked by ndmem.track(), which samples no RSS, has a report without a word about it."""
    assert "esident" not in render(pipeline(rss_peak_nbytes=None), width=400)


@pytest.mark.parametrize(
    ("resident", "text"),
    [
        (None, "Resident memory: not measured."),
        (
            50 * MIB,
            "Resident memory: at most 50 MiB, less than arrays and native blocks together: some pages were never "
            "touched, or were swapped out.",
        ),
    ],
)
def test_resident_memory_beside_native(resident: int | None, text: str) -> None:
    """With native memory the report says how much was resident, and that untouched pages are not."""
    assert text in render(factoring(rss_peak_nbytes=resident), width=400)


def test_stats_have_both_kinds_of_memory() -> None:
    """The totals name native blocks, both together and resident memory, or state that they were not tracked."""
    stream = io.StringIO()
    write_stats(TraceIndex(factoring(rss_peak_nbytes=95 * MIB)), stream)
    watched = dict(re.findall(r"^(\S.{17})(.+)$", stream.getvalue(), re.MULTILINE))
    assert {name.strip(): text for name, text in watched.items() if "native" in name or "resident" in name} == {
        "native": "blocks of 64 KiB (65,536 bytes) and more",
        "native peak": "60 MiB (62,914,560 bytes)",
        "native at the end": "12 MiB (12,582,912 bytes)",
        "native total": "60 MiB (62,914,560 bytes)",
        "arrays and native": "76 MiB (79,691,776 bytes) at most at one moment",
        "resident peak": "95 MiB (99,614,720 bytes)",
    }
    stream = io.StringIO()
    write_stats(TraceIndex(pipeline()), stream)
    assert "native            not tracked\n" in stream.getvalue()
    assert "resident peak     not measured\n" in stream.getvalue()


@given(traces(native=True))
def test_text_and_json_agree(trace: Trace) -> None:
    """For any program the stats, the report's sentences and the JSON have the same totals."""
    stream, numbers = io.StringIO(), io.StringIO()
    write_json(TraceIndex(trace), stream)
    write_stats_json(TraceIndex(trace), numbers)
    document, stats = json.loads(stream.getvalue()), json.loads(numbers.getvalue())
    for name in (
        "peak_nbytes",
        "live_nbytes_at_end",
        "total_nbytes",
        "total_peak_nbytes",
        "domains",
        "ended",
        "events",
    ):
        assert stats[name] == document[name]
    first, second = answer_sentence(TraceIndex(trace)), total_sentence(TraceIndex(trace)) or ""
    if document["domains"]["native"]["peak_nbytes"]:
        total, peak = (format_nbytes(document[name]) for name in ("total_peak_nbytes", "peak_nbytes"))
        native, answer = document["answer"] and document["answer"]["kind"] == "native", document["answer"]
        if native:
            assert first.startswith(f"Peak {total}: ")
            assert second.startswith(f"Arrays alone peak at {peak}: " if document["peak_nbytes"] else "")
        elif answer:
            assert first.startswith(f"Peak {peak}: ")
            assert second.startswith(f"Including native (non-array) memory: {total}")
        assert answer is None or format_nbytes(answer["nbytes"]) in {total, peak}
        # What the table of blocks sums to is what the list has.
        blocks = sum(block["nbytes"] for block in document["native_at_total_peak"])
        assert blocks == sum(share.nbytes for share in find_total(TraceIndex(trace)).shares)  # type: ignore[union-attr]  # watched


def test_hostile_libraries_stay_in_their_place() -> None:
    """A library's name that holds escapes is shown, never obeyed, in the sentence and in the table."""
    builder = TraceBuilder(native_threshold=64 * 1024)
    builder.native((Frame("", 0, "<no Python frame>"),), MIB)
    text = render(builder.build(origins={0: f"lib{HARM}.so"}), width=200)
    assert all(line.isprintable() for line in text.split("\n"))
    assert "mapped by lib\\x1b[31m" in text

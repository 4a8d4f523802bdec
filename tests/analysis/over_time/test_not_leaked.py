"""What looks like a leak and is none, against figures worked out by hand; and how it is said."""

from __future__ import annotations

import html
import io
import json

from tests.reporting.html.page_reader import SMALL
from tests.traces import Frame, TraceBuilder

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.over_time.not_leaked import Garbage, find_not_leaked
from ndmem.model.columns import Domain
from ndmem.model.holder import GARBAGE, Holder
from ndmem.reporting.export.findings_json import write_findings_json
from ndmem.reporting.export.json import write_json
from ndmem.reporting.html.findings import findings_html
from ndmem.reporting.html.page import write_html
from ndmem.reporting.sentences.not_leaked import not_leaked_sentences
from ndmem.reporting.text.findings import write_findings

HERE = (Frame("prog.py", 1),)
MIB = 2**20


def _grown(*rss: tuple[float, int], native: bool = False) -> TraceIndex:
    """100 MiB live from 1 s on, 200 more from 3 to 5 s, and 30 of native blocks from 6 s on if these are watched."""
    builder = TraceBuilder(native_threshold=65536 if native else None)
    builder.born(HERE, 100 * MIB, time_s=1.0)
    second = builder.born(HERE, 200 * MIB, time_s=3.0)
    builder.died(second, HERE, time_s=5.0)
    if native:
        builder.native(HERE, 30 * MIB, time_s=6.0)
    samples = [(time_s, nbytes * MIB) for time_s, nbytes in rss]
    return TraceIndex(builder.build(rss=samples, rss_peak_nbytes=400 * MIB, duration_s=8.0))


def test_resident_memory_is_compared_at_moments_with_as_many_live_bytes() -> None:
    """With 100 MiB live at 2 s and at the end, 130 MiB and 250 MiB were resident: 120 MiB are not arrays."""
    found = find_not_leaked(_grown((0.5, 20), (2.0, 130), (4.0, 330), (7.0, 250))).resident
    assert found is not None
    assert (found.start_s, found.nbytes, found.live_start_nbytes) == (2.0, 120 * MIB, 100 * MIB)
    assert (found.untouched_nbytes, found.freed_nbytes, found.with_native) == (0, 0, False)


def test_zeros_that_were_not_in_memory_are_counted() -> None:
    """With 100 MiB live and 40 MiB resident at 2 s, at least 60 MiB had not been written yet."""
    found = find_not_leaked(_grown((0.5, 20), (2.0, 40), (7.0, 130))).resident
    assert found is not None
    assert (found.nbytes, found.untouched_nbytes) == (90 * MIB, 60 * MIB)
    (sentence,) = not_leaked_sentences(_grown((0.5, 20), (2.0, 40), (7.0, 130)))
    assert "from 40 MiB at 2 s to 130 MiB at the end" in sentence
    assert "60 MiB of zeros" in sentence
    assert "malloc" not in sentence


def test_native_blocks_that_stay_are_no_growth_without_live_bytes() -> None:
    """30 MiB of native blocks that were allocated later explain themselves: no moment before had as much live."""
    found = find_not_leaked(_grown((2.0, 130), (7.0, 165), native=True)).resident
    assert found is None


def test_flat_resident_memory_is_not_worth_a_sentence() -> None:
    """Growth below 16 MiB, or a twentieth of the peak, and resident memory that was not sampled, say nothing."""
    assert not list(not_leaked_sentences(_grown((2.0, 130), (7.0, 149))))
    assert not list(not_leaked_sentences(_grown((7.0, 300))))
    assert not list(not_leaked_sentences(_grown()))


def test_live_bytes_that_are_not_in_memory_at_the_end_are_said() -> None:
    """Of 100 live MiB, 60 are resident with everything else: at least 40 MiB were never written."""
    index = _grown((2.0, 55), (7.0, 60))
    assert find_not_leaked(index).unwritten_nbytes == 40 * MIB
    assert "40 MiB" in next(not_leaked_sentences(index))


def test_garbage_and_mapped_files_at_the_end_are_counted() -> None:
    """Garbage that is live at the end counts, not what the collector freed; of mapped files what is mapped then."""
    builder = TraceBuilder()
    builder.born(HERE, 5_000)
    kept = builder.born(HERE, 6_000)
    freed = builder.born(HERE, 7_000)
    builder.born(HERE, 64 * MIB, domain=Domain.MAPPED)
    builder.died(freed, HERE)
    number = builder.number(kept)
    holders = [
        Holder(number, "Node (in a reference cycle)", GARBAGE, (750,), "float64", is_view=False, events=5),
        Holder(builder.number(freed), "", GARBAGE, (), "|V0", is_view=False, events=5),
    ]
    found = find_not_leaked(TraceIndex(builder.build(holders=holders)))
    assert found.garbage == Garbage(6_000, 1)
    assert found.mapped_nbytes == 64 * MIB
    assert found.resident is None


def test_text_page_notebook_and_json_tell_the_same() -> None:
    """The sentences are on the page and in a notebook as in the text, and JSON has their figures."""
    index = _grown((0.5, 20), (2.0, 40), (7.0, 130))
    (sentence,) = not_leaked_sentences(index)
    page, text = io.StringIO(), io.StringIO()
    write_html(index, page, plotlyjs=SMALL)
    write_findings(index, (), text, width=1000)
    for shown in (page.getvalue(), findings_html(index, ()), text.getvalue()):
        assert sentence in html.unescape(shown)
    report, advice = io.StringIO(), io.StringIO()
    write_json(index, report)
    write_findings_json(index, (), advice)
    documents = [json.loads(stream.getvalue()) for stream in (report, advice)]
    assert {"garbage": None, "unwritten_nbytes": 0, "mapped_nbytes": 0}.items() <= documents[0]["not_leaked"].items()
    assert documents[0]["not_leaked"] == documents[1]["not_leaked"]
    resident = documents[0]["not_leaked"]["resident"]
    assert (resident["start_nbytes"], resident["end_nbytes"], resident["live_start_nbytes"]) == (
        40 * MIB,
        130 * MIB,
        100 * MIB,
    )

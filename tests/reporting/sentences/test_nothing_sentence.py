"""What is written in place of findings where there are none."""

from dataclasses import replace

import pytest
from tests.reporting.samples import pipeline

from ndmem.analysis.index import TraceIndex
from ndmem.model.trace import COUNTED_ONLY, Trace
from ndmem.reporting.html.findings import findings_html
from ndmem.reporting.sentences.finding import nothing_sentence


def counted() -> Trace:
    """Return what a continuous recording keeps."""
    trace = pipeline()
    return replace(trace, run=replace(trace.run, threshold=COUNTED_ONLY))


@pytest.mark.parametrize(
    ("trace", "whose"),
    [
        (counted(), "a continuous recording does not have; record one request by itself with ndmem.track()."),
        (replace(pipeline(), dropped=3), "does not have; free some room on the disk and run it again."),
    ],
)
def test_a_run_without_single_arrays_was_not_examined(trace: Trace, whose: str) -> None:
    """Where lifetimes are unknown, text and notebook say why, and never that there is nothing to advise."""
    index = TraceIndex(trace)
    text = nothing_sentence(index)
    assert text.startswith("Nothing was examined: advice needs the births and deaths of single arrays, which ")
    assert text.endswith(whose)
    assert "Nothing was examined" in findings_html(index, ())


def test_a_run_that_was_examined_says_so_in_three_words() -> None:
    """A run with events and without findings has nothing to advise."""
    assert nothing_sentence(TraceIndex(pipeline())) == "Nothing to advise."

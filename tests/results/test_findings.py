"""Findings as a user gets them: a sequence that prints itself, of all processes of a run, computed once."""

import io
import json

import numpy as np
import pytest
from tests.analysis.test_index import counted_calls
from tests.system.tracked import TrackedRuns
from tests.traces import TraceBuilder

import ndmem
from ndmem.advising.replay import replay
from ndmem.model.family import Begun, Kin, Member, make_family
from ndmem.model.trace import Origin
from ndmem.results.run import Run

# Each child's table has 200,000 numbers of 8 bytes, and so has its square.
WORKERS = """
import multiprocessing
import numpy as np

def work(seed):
    table = np.random.default_rng(seed).standard_normal(200_000)
    if np.square(table).sum() <= 0:
        raise SystemExit(1)

if __name__ == "__main__":
    forked = multiprocessing.get_context("fork")
    workers = [forked.Process(target=work, args=(seed,)) for seed in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print([worker.exitcode for worker in workers])
"""


def reduce_a_temporary() -> ndmem.Run:
    """Return the run of a line whose temporary of 800,000 bytes is summed; 800,000 bytes more are alive."""
    values = None
    with ndmem.track() as run:
        values = np.ones(100_000)
        total = np.square(values).sum()
    assert total == 100_000
    return run


def test_advice_is_a_sequence_that_prints_itself() -> None:
    """The advice has length, items and slices; its text, its JSON and its HTML have the saving of the first one."""
    found = ndmem.advise(reduce_a_temporary())
    assert (len(found), found[0].rule, found[0].saving.peak_nbytes) == (1, "NM101", 800_000)
    assert (list(found), found[:1]) == ([found[0]], (found[0],))
    assert "saves 781 KiB of the peak: the next peak is 781 KiB (verified by replay)" in str(found)
    assert repr(found) == "<ndmem.Findings NM101>"
    assert "saves 781 KiB" in found._repr_html_()
    stream = io.StringIO()
    found.to_json(stream)
    assert found.to_json() == stream.getvalue()
    assert json.loads(stream.getvalue())["findings"][0]["saving"]["peak_nbytes"] == 800_000


def test_every_report_of_a_run_has_the_same_advice() -> None:
    """Text, JSON, page and notebook of a run have the finding; ``advice=False`` leaves it out."""
    run = reduce_a_temporary()
    outputs = [run.to_html() or "", run._repr_html_() or ""]
    for form in ("text", "json"):
        stream = io.StringIO()
        run.report(stream, form=form)
        outputs.append(stream.getvalue())
    assert ["NM101" in output for output in outputs] == [True] * 4
    silent = io.StringIO()
    run.report(silent, advice=False)
    assert "NM101" not in silent.getvalue()


def test_a_run_is_replayed_once_for_all_views() -> None:
    """After the advice was asked for, no report of the same run replays it again."""
    run = reduce_a_temporary()
    with counted_calls(replay) as first:
        ndmem.advise(run)
    with counted_calls(replay) as again:
        run.report(io.StringIO())
        run.report(io.StringIO(), form="json")
        ndmem.advise(run)
    assert first["replay"] >= 1
    assert again["replay"] == 0


def test_what_workers_have_in_common_is_one_finding(tracked: TrackedRuns) -> None:
    """A line of two worker processes is one finding with both process ids, found from the program's file."""
    tracks = tracked(WORKERS)
    assert tracks.outcome.stdout == b"[0, 0]\n"
    found = ndmem.advise(tracks.path)
    children = {each["pid"] for each in tracks.report["processes"][1:]}
    assert [(each.rule, each.site.lineno) for each in found] == [("NM101", 7)]
    # The sum and the number of the comparison are arrays of a few bytes.
    assert found[0].saving.peak_nbytes == pytest.approx(1_600_000, abs=100)
    assert set(found[0].pids) == children
    assert len(children) == 2
    assert "in each of 2 processes" in str(found)


def test_a_run_without_known_lifetimes_is_refused() -> None:
    """Where events of any process were lost, or nothing was run, advice is an error; the reports have none."""
    lost, whole = TraceBuilder().build(dropped=2), TraceBuilder().build()
    for trace, words in (
        (lost, r"^this run: events were lost \(2\): lifetimes are unknown, so no advice; "),
        (TraceBuilder().build(origin=Origin.PREDICTED), "^this run is a prediction: .*; write for example: ndmem run"),
    ):
        with pytest.raises(ndmem.TraceError, match=words):
            ndmem.advise(Run(trace))
        Run(trace).report(io.StringIO())
    family = make_family([Member(whole), Member(lost, Kin(Begun.FORK, (4242,)))])
    with pytest.raises(ndmem.TraceError, match=r"events of process 4242 were lost \(2\)"):
        ndmem.advise(Run(whole, family=family))

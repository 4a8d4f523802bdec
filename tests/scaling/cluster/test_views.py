"""The views of a cluster's run: the same figures in text, JSON and HTML."""

import io
import json
import re
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from tests.documents.documents import ROOT
from tests.scaling.cluster.test_merge import PLACE, message

import ndmem
from ndmem.results.run import Run
from ndmem.scaling.cluster.gathering import Gathering
from ndmem.scaling.cluster.merge import merge
from ndmem.scaling.cluster.message import STOPPED

SCHEMA = json.loads((ROOT / "docs/reference/report.schema.json").read_text("utf-8"))
MIB = 2**20


@pytest.fixture
def run() -> Run:
    """Two workers with 30 and 10 MiB, and one without ndmem."""
    gathering = Gathering("t")
    gathering.take(message("a", 1, nbytes=30 * MIB, final=STOPPED, samples=[[100, 30 * MIB, 0, 0, 0]]))
    gathering.take(message("b", 1, nbytes=10 * MIB, samples=[[100, 10 * MIB, 0, 0, 0]]))
    missing = {"name": "c", "address": "tcp://c:1", "pid": 3, "threads": 1, "problem": "No module named 'ndmem'"}
    gathering.take({"track": "t", **missing})
    return Run(merge(gathering, PLACE, now=110.0))


def _text(run: Run, **options: str) -> str:
    stream = io.StringIO()
    run.report(stream, **options)  # type: ignore[arg-type]
    return stream.getvalue()


def test_the_report_names_sum_moment_and_worker(run: Run) -> None:
    """The first sentence has the sum of the peaks, the highest of one moment, and that of one worker."""
    first = " ".join(_text(run).split("\n\n")[0].split())
    assert first.startswith(
        "Peaks of 2 worker processes: 40 MiB summed, at most 40 MiB at one moment, at most 30 MiB in one"
    )
    assert "most in tasks `load`: 40 MiB" in first


def test_workers_have_rows_by_their_state(run: Run) -> None:
    """A worker without a last message, and one that was not tracked, say so; the dashboard has its address."""
    text = _text(run, by="worker")
    assert "no message after" in " ".join(text.split())
    assert "not tracked: No module named 'ndmem'" in " ".join(text.split())
    assert "http://here:2/status" in text


def test_json_is_valid_and_has_the_same_figures(run: Run) -> None:
    """The document matches the schema, with the task groups and the workers of the text."""
    document = json.loads(_text(run, form="json"))
    jsonschema.validate(document, SCHEMA)
    assert (document["peak_nbytes"], document["cluster"]["at_once_nbytes"]) == (40 * MIB, 40 * MIB)
    (group,) = document["task_groups"]
    assert (group["name"], group["at_peak_nbytes"], group["tasks"], group["workers"]) == ("load", 40 * MIB, 2, 2)
    assert [each["state"] for each in document["workers"]] == ["tracked", "lost", "untracked"]


def test_the_curve_has_what_all_workers_had_at_a_moment() -> None:
    """Peaks of 30 and 10 MiB at two moments sum to 40, and the highest point of the curve is the one of 30."""
    gathering = Gathering("t")
    one = [[100, 30 * MIB, 0, 0, 0], [200, 0, 0, 0, 0]]
    other = [[100, 0, 0, 0, 0], [200, 10 * MIB, 0, 0, 0]]
    gathering.take(message("a", 1, nbytes=30 * MIB, final=STOPPED, samples=one))
    gathering.take(message("b", 1, nbytes=10 * MIB, final=STOPPED, samples=other))
    document = json.loads(_text(Run(merge(gathering, PLACE, now=110.0)), form="json"))
    assert document["peak_nbytes"] == 40 * MIB
    *curve, _ = document["timeline"]  # without the end
    assert max(point["live_nbytes"] for point in curve) == 30 * MIB


def test_the_page_has_the_tables_of_the_cluster(run: Run) -> None:
    """The page shows task groups and workers, and links to the dashboard."""
    page = run.to_html(plotlyjs="cdn")
    assert page is not None
    assert 'id="task-groups-table"' in page
    assert 'href="http://here:2/status"' in page
    assert "No module named" in page
    headings = re.findall(r"<th[^>]*>(?:<button[^>]*>)?([a-z]+)", page[page.index('id="workers-table"') :])[:9]
    assert headings == ["peak", "running", "stored", "resident", "base", "arrays", "freed", "other", "worker"]


def test_the_markdown_has_the_tables_of_the_cluster(run: Run) -> None:
    """Task groups and workers have tables, in which an unknown figure is a question mark and zero a dash."""
    page = _text(run, form="markdown")
    assert page.startswith("**Peaks of 2 worker processes: 40 MiB summed")
    assert "### Task groups\n\n| share | at peak | kept | total | count | tasks | workers | task group |" in page
    workers = page[page.index("### Workers") :].splitlines()[4:7]
    assert [row.split(" | ")[0] for row in workers] == ["| 30 MiB", "| 10 MiB", "| ?"]
    assert "`" not in workers[0].rpartition(" | ")[0]


def test_a_run_is_compared_and_advised_as_others(run: Run, tmp_path: Path) -> None:
    """A saved run is the same when it is loaded; advice says that it needs single arrays."""
    run.save(tmp_path / "run.ndmem")
    assert str(ndmem.diff(run, tmp_path / "run.ndmem")) == "No difference: every figure is the same in both runs."
    assert " ".join(str(ndmem.advise(run)).split()) == (
        "Nothing was examined: advice needs the births and deaths of single arrays, which a run of a cluster does not "
        "have; record one task by itself with ndmem.track()."
    )


def test_a_run_of_one_program_has_no_workers() -> None:
    """Views of a cluster say what they are for, where the run has none."""
    with ndmem.track() as run:
        array = np.ones(1000)
    assert "This run has no workers" in _text(run, by="worker")
    assert len(array) == 1000

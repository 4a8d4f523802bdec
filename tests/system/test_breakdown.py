"""`ndmem.breakdown` in fresh programs whose memory is of known kinds."""

import functools
import json
import os
import runpy
import subprocess
import sys

import pytest
from tests.documents.documents import ROOT

from ndmem.platform.breakdown.heap import heap_figures
from ndmem.platform.resident.pages import resident_nbytes

MIB = 2**20
PROGRAMS = runpy.run_path(str(ROOT / "benchmarks/accuracy/scenarios.py"))
SCENARIOS = PROGRAMS["SCENARIOS"]
MAPPED_BY_ITSELF = "100 MiB that a library mapped by itself"

pytestmark = pytest.mark.skipif(
    heap_figures() is None or resident_nbytes([(id(MIB), 1)]) == [None], reason="needs glibc 2.33 and Linux 6.7"
)


@functools.cache
def break_down(code, *, trim=False, malloc=None):
    """What a fresh interpreter says of itself after running code, in MiB; None where it does not know.

    Each program runs once: several tests are about the same one.
    """
    program = PROGRAMS["ASKED"].replace("SCENARIO", code).replace("TRIM", str(trim))
    environment = {**os.environ, **({"PYTHONMALLOC": malloc} if malloc else {})}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stderr == ""
    return in_mebibytes(json.loads(done.stdout))


def in_mebibytes(report):
    """The parts without the ending of their names."""
    return {name.removesuffix("_nbytes"): n / MIB for name, n in report.items() if name.endswith("_nbytes")} | {
        "before": report["before"] and in_mebibytes(report["before"]),
        "conclusion": report["conclusion"],
    }


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != MAPPED_BY_ITSELF])
def test_little_is_unexplained(name):
    """At most 5 % of RSS, and at most 20 MiB, are unexplained or explained twice."""
    found = break_down(SCENARIOS[name])
    assert abs(found["unexplained"]) <= min(20, 0.05 * found["rss"])


def test_big_arrays():
    """Of 1200 MiB, 600 were written; huge pages round up by no more than 2 MiB an array."""
    found = break_down(SCENARIOS["few big arrays"])
    assert 600 <= found["arrays"] <= 606
    assert found["arrays"] + found["untouched"] == pytest.approx(1200, abs=0.1)
    assert "of which 60" in found["conclusion"]


def test_small_arrays():
    """200,000 arrays of 104 bytes are 19.8 MiB; their headers are small Python objects of 96 bytes."""
    idle = break_down("")
    found = break_down(SCENARIOS["200,000 small arrays"])
    assert found["arrays"] == pytest.approx(200_000 * 104 / MIB, abs=0.1)
    assert found["python_used"] - idle["python_used"] == pytest.approx(200_000 * 96 / MIB, rel=0.03)
    assert found["freed"] < 2


def test_freed_is_kept():
    """What 200,000 arrays leave behind one that lives on is freed but kept, and trimming gives it back."""
    found = break_down(SCENARIOS["200,000 small arrays, deleted"])
    assert found["arrays"] < 0.1
    assert found["freed"] > 200_000 * 104 / MIB
    assert "kept by malloc; not a leak" in found["conclusion"]
    trimmed = break_down(SCENARIOS["200,000 small arrays, deleted"], trim=True)
    assert trimmed["before"]["freed"] == pytest.approx(found["freed"], abs=2)
    assert trimmed["freed"] < 3
    given = trimmed["before"]["rss"] - trimmed["rss"]
    assert given == pytest.approx(trimmed["before"]["freed"] - trimmed["freed"], abs=3)


def test_mapped_file():
    """Pages of a file that was read through a memmap are not arrays' memory; the copy is."""
    found = break_down(SCENARIOS["memmap read through"])
    assert 400 <= found["mapped"] < 402
    assert found["arrays"] == pytest.approx(100, abs=3)


def test_dict_beside_arrays():
    """20 arrays of 8 MiB are 160 MiB; a million texts of 55 bytes are small objects, the dict's table is heap."""
    found = break_down(SCENARIOS["arrays and a large dict"])
    assert found["arrays"] == pytest.approx(160, abs=1)
    assert found["python_used"] > 1_000_000 * 55 / MIB
    assert found["heap"] > 30


def test_heaps_of_threads():
    """Arrays that four threads hold in heaps of their own are arrays: 4 x 3000 x 48 kB."""
    found = break_down(SCENARIOS["threads with heaps of their own"])
    assert found["arrays"] == pytest.approx(4 * 3000 * 48_000 / MIB, rel=0.02)


def test_what_nobody_knows_is_unexplained():
    """100 MiB that were mapped past malloc are not hidden in any part."""
    found = break_down(SCENARIOS[MAPPED_BY_ITSELF])
    assert found["unexplained"] == pytest.approx(100, abs=3)
    assert "not explained" in found["conclusion"]


def test_untouched_memory_is_not_in_the_heap():
    """300 MiB that malloc gave out and nobody wrote are in no part: only 100 MiB of arrays are more than idle."""
    idle = break_down("")
    found = break_down(SCENARIOS["untouched memory of another library"])
    assert found["heap"] < 10
    assert found["rss"] - idle["rss"] == pytest.approx(100, abs=8)


def test_without_arenas():
    """With PYTHONMALLOC=malloc Python's objects are in the heap, and little is unexplained."""
    found = break_down(SCENARIOS["arrays and a large dict"], malloc="malloc")
    assert (found["python_used"], found["python_free"]) == (0, 0)
    assert abs(found["unexplained"]) <= min(20, 0.05 * found["rss"])


def test_while_tracked():
    """Under the tracker the arrays are the same, and little is unexplained; nothing of ours is recorded."""
    code = "run = ndmem.track()\nrun.start()\n" + SCENARIOS["few big arrays"] + "live = run.live\nndmem.breakdown()\n"
    found = break_down(code + "assert run.live == live, (run.live, live)\n")
    assert 600 <= found["arrays"] <= 606
    assert abs(found["unexplained"]) <= min(20, 0.05 * found["rss"])

"""Functions over sources in blocks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from tests.scaling.blocks.jobs import ENGINES, centre, room

import ndmem


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("ending", [".npy", ".zarr", None])
def test_results_are_those_of_the_plain_run(table, tmp_path, engine, ending):
    """Centred rows are the same bits in blocks and as a whole, in each kind of output."""
    if ending == ".zarr":
        zarr = pytest.importorskip("zarr")
    path, values = table
    out = None if ending is None else tmp_path / f"out{ending}"
    run = ndmem.map_blocks(centre, path, out, budget="2 GiB", engine=engine, threads=2)
    found = {".npy": np.load, ".zarr": lambda target: zarr.open(target)[:], None: np.asarray}[ending](run.result)
    np.testing.assert_array_equal(found, centre(values))
    assert sum(block.rows for block in run.blocks) == 40_000
    assert not list(tmp_path.glob("*.ndmem-blocks"))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stencil_reads_the_rows_around_its_block(table, engine):
    """Differences of rows two apart are those of the whole, at the borders of blocks too."""

    def differ(block):
        return np.roll(block, 2, axis=0) + np.roll(block, -2, axis=0)

    path, values = table
    run = ndmem.map_blocks(differ, path, budget="2 GiB", engine=engine, threads=2, depth=2)
    np.testing.assert_array_equal(run.result[2:-2], differ(values)[2:-2])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_reduction_combines_all_blocks(table, engine):
    """Sums of columns and the number of rows are those of the whole, up to the order of additions."""
    path, values = table
    run = ndmem.map_blocks(
        lambda block: (len(block), block.sum(axis=0)),
        path,
        budget="2 GiB",
        engine=engine,
        threads=2,
        reduce=lambda one, other: (one[0] + other[0], one[1] + other[1]),
    )
    assert run.result[0] == 40_000
    np.testing.assert_allclose(run.result[1], values.sum(axis=0), atol=1e-9)


def test_a_block_that_exceeds_its_budget_is_halved():
    """A function that needs 60 times as much for rows of ones than for those that were measured keeps the budget."""
    values = np.zeros((200_000, 50))
    values[100_000:] = 1

    def spread(block):
        times = 60 if block[:, 0].any() else 1
        return np.concatenate([block] * times, axis=1)[:, :50].copy()

    run = ndmem.map_blocks(spread, values, np.empty_like(values), budget=room(60_000_000), engine="loop")
    np.testing.assert_array_equal(run.result, values)
    ones = [block for block in run.blocks if block.start >= 100_000]
    assert max(block.rows for block in ones) < run.plan.rows
    assert max(block.peak.tracked_nbytes for block in ones) <= 60_000_000


PROGRAM = """
    import os, signal, sys
    import numpy as np
    import ndmem
    import zarr
    from ndmem.platform.resident.anonymous import anonymous_nbytes

    done = 0

    def work(block):
        global done
        done += 1
        if done == int(sys.argv[1]):
            os.kill(os.getpid(), signal.SIGKILL)
        return block * 2

    budget = anonymous_nbytes() + 24_000_000
    run = ndmem.map_blocks(work, "x.npy", {out!r}, budget=budget, engine={engine!r}, threads=2)
    print(run.skipped_rows, sum(block.rows for block in run.blocks))
"""


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("out", ["out.npy", "out.zarr"])
def test_a_killed_run_is_continued(table, tmp_path, engine, out):
    """After SIGKILL the same program works on the rows that are left alone, and the output is complete."""
    pytest.importorskip("zarr")
    _, values = table

    def run(stop):
        text = textwrap.dedent(PROGRAM).format(out=out, engine=engine)
        command = [sys.executable, "-c", text, str(stop)]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    killed = run(4)
    assert killed.returncode == -9, killed.stderr
    lines = (tmp_path / f"{out}.ndmem-blocks").read_text().splitlines()
    noted = sum(stop - start for start, stop in (json.loads(line) for line in lines[2:]))
    assert noted > 0
    continued = run(-1)
    assert continued.returncode == 0, continued.stderr
    assert continued.stdout.split() == [str(noted), str(40_000 - noted)]
    found = np.load(tmp_path / out) if out.endswith("npy") else __import__("zarr").open(tmp_path / out)[:]
    np.testing.assert_array_equal(found, values * 2)


MEASURED = """
    import re, sys
    import numpy as np
    import ndmem
    run = ndmem.map_blocks(lambda block: np.concatenate([block, block]) [: len(block)] + 1, "x.npy", "out.npy",
                           budget={budget}, engine="loop")
    status = open("/proc/self/status").read()
    files = sum(int(re.search(name + r":\\s+(\\d+)", status)[1]) for name in ("RssFile", "RssShmem"))
    print(int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) - files, run.peak_nbytes, run.predicted_nbytes)
"""


@pytest.mark.long
def test_the_budget_holds_and_the_prediction_with_it(tmp_path):
    """By the kernel's own mark, 320 MB within 160 MB stay below them, use 60 per cent, and differ 10 from predicted."""
    np.save(tmp_path / "x.npy", np.ones((200_000, 200)))
    budget = 160 * 10**6
    text = textwrap.dedent(MEASURED).format(budget=budget)
    done = subprocess.run([sys.executable, "-c", text], cwd=tmp_path, capture_output=True, text=True, check=True)
    measured, told, predicted = map(int, done.stdout.split())
    measured *= 1024
    assert told == pytest.approx(measured, rel=0.02)
    assert 0.6 * budget <= measured <= budget
    assert predicted == pytest.approx(measured, rel=0.1)


def test_the_report_has_predicted_and_measured_bytes(tmp_path):
    """The text has the budget, the predicted and the measured peak, and a row for each size of blocks."""
    values = np.ones((200_000, 50))
    run = ndmem.map_blocks(centre, values, tmp_path / "out.npy", budget=room(60_000_000), engine="loop")
    text = str(run)
    assert re.search(r"budget [\d.]+ MiB: predicted [\d.]+ MiB, measured [\d.]+ MiB", text)
    assert f"{run.plan.rows:,}" in text


def test_cubed_gets_what_was_measured(tmp_path):
    """Cubed's result is that of the plain run, and it refuses a function whose measured memory does not fit."""
    pytest.importorskip("cubed")
    zarr = pytest.importorskip("zarr")
    values = np.random.default_rng(0).standard_normal((40_000, 50))
    run = ndmem.map_blocks(centre, values, tmp_path / "out.zarr", budget=room(200_000_000), engine="cubed")
    np.testing.assert_array_equal(zarr.open(run.result)[:], centre(values))

    def needs_much(block):
        return np.concatenate([block] * 1000, axis=1)[:, :50].copy()

    wide = np.ones((40, 50_000))
    with pytest.raises(ndmem.ScalingError, match="the least that would do"):
        ndmem.map_blocks(needs_much, wide, tmp_path / "other.zarr", budget=room(200_000_000), engine="cubed")
    assert not (tmp_path / "other.zarr").exists()


KEEPING = """
import sys
import numpy as np
import ndmem

def function(block):
    b"1" * (int(sys.argv[1]) * block.nbytes)  # written, so that its pages are there
    double = block * 2
    root = np.sqrt(double)  # named, so that NumPy does not write the sum into it (up to Python 3.13)
    return double + root

run = ndmem.map_blocks(function, np.ones((65_536, 128)), "out.npy", budget="2 GiB", threads=2)
print(run.plan.kept_nbytes / (run.plan.rows * 1024))
"""


@pytest.mark.parametrize(("work", "kept"), [pytest.param(0, 3, id="no work memory"), pytest.param(1, 2, id="a block")])
@pytest.mark.skipif(sys.platform != "linux", reason="no high-water mark")
def test_what_is_kept_leaves_room_for_work_memory(tmp_path, work, kept):
    """Of three arrays of a block's size, as much less is kept as a function needs beside them at its begin."""
    command = [sys.executable, "-c", KEEPING, str(work)]  # a process of its own: no page is free before
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert float(printed) == pytest.approx(kept, rel=0.1)

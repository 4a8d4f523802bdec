"""Blocks on the workers of a real Dask cluster, in a program of its own: a cluster leaves threads and files behind."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import traceback
import weakref

import numpy as np
import pytest

from ndmem.scaling.blocks.job import Job
from ndmem.scaling.sources.source import open_source

from .jobs import room

pytest.importorskip("distributed")

from ndmem.scaling.blocks.cluster import _run_block, _Sent

pytestmark = pytest.mark.long

PROGRAM = """
    import numpy as np
    from distributed import Client, LocalCluster
    import ndmem
    from ndmem.platform.resident.anonymous import anonymous_nbytes

    def double(block):
        return block * 2

    def fail(block):
        if block[-1, 0] == last:
            raise ZeroDivisionError("mine")
        return block

    def grow(block):
        times = 400_000 // len(block) if block[-1, 0] == last else 1
        return np.concatenate([block] * times)[: len(block)].copy()

    def refused(message, *args, **options):
        try:
            ndmem.map_blocks(*args, budget=budget, client=client, **options)
        except Exception as error:
            assert message in str(error), error
        else:
            raise AssertionError(message)

    if __name__ == "__main__":
        values = np.load("x.npy")
        last = values[-1, 0]  # functions are sent with what they name: all values would stay with the tasks that failed
        cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
        with cluster, Client(cluster) as client:
            budget = max(anonymous_nbytes(), *client.run(anonymous_nbytes).values()) + 30_000_000
"""


def run(folder, text):
    """Run lines with a client of two worker processes, and return what they print."""
    np.save(folder / "x.npy", np.random.default_rng(0).standard_normal((60_000, 50)))
    (folder / "program.py").write_text(textwrap.dedent(PROGRAM) + textwrap.indent(textwrap.dedent(text), " " * 8))
    done = subprocess.run([sys.executable, "program.py"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize("ending", ["npy", "zarr"])
def test_workers_write_the_result(tmp_path, ending):
    """Rows that two processes write are those of the plain run, and each process stays below the budget."""
    if ending == "zarr":
        pytest.importorskip("zarr")
    run(
        tmp_path,
        f"""
        done = ndmem.map_blocks(double, "x.npy", "out.{ending}", budget=budget, client=client)
        assert done.plan is not None
        assert 0 < done.peak_nbytes <= budget, (done.peak_nbytes, budget)
        assert sum(block.rows for block in done.blocks) == 60_000
        """,
    )
    found = np.load(tmp_path / "out.npy") if ending == "npy" else __import__("zarr").open(tmp_path / "out.zarr")[:]
    np.testing.assert_array_equal(found, np.load(tmp_path / "x.npy") * 2)


def test_partial_results_come_back(tmp_path):
    """Sums of columns of two processes are those of the whole, up to the order of additions."""
    run(
        tmp_path,
        """
        done = ndmem.map_blocks(lambda block: block.sum(axis=0), "x.npy", budget=budget, client=client, reduce=np.add)
        np.testing.assert_allclose(done.result, values.sum(axis=0), atol=1e-9)
        """,
    )


def test_errors_keep_finished_blocks_and_what_workers_cannot_reach_is_refused(tmp_path):
    """An error on a worker is raised by the client; arrays of the client's process and no client are clear errors."""
    run(
        tmp_path,
        """
        refused("mine", fail, "x.npy", "out.npy")
        refused("more than the share", grow, "x.npy", "grown.npy")
        refused("array of this process", double, values, "out2.npy")
        refused("files alone", double, "x.npy")
        refused("leave engine=", double, "x.npy", "out2.npy", engine="loop")
        client, right = "tcp://localhost", client
        refused("distributed.Client", double, "x.npy", "out2.npy")
        client = right
        """,
    )
    assert (tmp_path / "out.npy.ndmem-blocks").exists()
    assert not (tmp_path / "out2.npy").exists()


def test_an_error_keeps_no_block(tmp_path):
    """While a worker keeps the error of a task, its block is free, and its traceback names the function as before."""
    blocks = []

    def fail(block):
        blocks.append(weakref.ref(block))
        try:
            int("none")
        except ValueError as error:
            raise ZeroDivisionError("mine") from error

    np.save(tmp_path / "x.npy", np.ones((1_000, 50)))
    job = Job(fail, open_source(str(tmp_path / "x.npy")), _Sent(None, 1))
    with pytest.raises(ZeroDivisionError, match="mine") as caught:
        _run_block(job, None, 1, 0, 1_000, room(10_000_000))
    job.source.close()
    assert [block() for block in blocks] == [None]
    text = "".join(traceback.format_exception(caught.value))
    assert "in fail\n    int(" in text
    assert "in fail\n    raise ZeroDivisionError" in text


def test_settings_of_zarr_stay_on_a_cluster(tmp_path):
    """Blocks that measure have zarr's own setting, ten chunks, as those on the workers do."""
    pytest.importorskip("zarr")
    run(
        tmp_path,
        """
        import zarr

        def count(block):
            import zarr
            return np.full(len(block), zarr.config.get("async.concurrency"))

        zarr.create_array("x.zarr", data=values, chunks=(1_000, 50))
        ndmem.map_blocks(count, "x.zarr", "out.npy", budget=budget, client=client)
        assert (np.load("out.npy") == zarr.config.get("async.concurrency")).all()
        """,
    )

"""The chunks that zarr has in work while blocks run."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from tests.scaling.blocks.jobs import ENGINES, THREADS

import ndmem
from ndmem.platform.processors import count_processors
from ndmem.scaling import zarr_concurrency
from ndmem.scaling.sources.source import open_source

SETTING = "async.concurrency"
VALUES = np.arange(4_000.0).reshape(1_000, 4)


@pytest.fixture
def zarr():
    """Return zarr, with its setting at ten: the default, whatever the environment has."""
    zarr = pytest.importorskip("zarr")
    with zarr.config.set({SETTING: 10}):
        yield zarr


@pytest.fixture
def stored(zarr, tmp_path):
    """Return the path of a zarr array of 1,000 rows."""
    zarr.create_array(tmp_path / "x.zarr", data=VALUES, chunks=(100, 4))
    return tmp_path / "x.zarr"


@pytest.fixture
def four_processors(monkeypatch):
    """Have this process four processors."""
    monkeypatch.setattr(zarr_concurrency, "count_processors", lambda: 4)


def settings_seen(zarr, source, out=None, **options):
    """Return the settings that the function saw in all blocks; it adds one, and the result is checked."""
    seen = set()

    def add_one(block):
        seen.add(zarr.config.get(SETTING))
        return block + 1

    run = ndmem.map_blocks(add_one, source, out, budget="2 GiB", **options)
    result = zarr.open(run.result)[:] if isinstance(run.result, str | os.PathLike) else np.asarray(run.result)
    np.testing.assert_array_equal(result, VALUES + 1)
    return seen


@pytest.mark.usefixtures("four_processors")
@pytest.mark.parametrize(("threads", "chunks"), [(1, 4), (2, 2), (4, 1), (8, 1)])
def test_processors_are_shared_by_the_threads(zarr, stored, threads, chunks):
    """With four processors one thread has four chunks in work, two have two each, and four or eight have one each."""
    pytest.importorskip("dask")
    assert settings_seen(zarr, stored, threads=threads) == {chunks}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_processors_are_those_of_this_process(zarr, stored, engine):
    """The number comes from the scheduler's processors for this process, here halved for Dask's two threads."""
    expected = max(count_processors() // THREADS[engine].get("threads", 1), 1)
    assert settings_seen(zarr, stored, engine=engine, **THREADS[engine]) == {min(expected, 10)}


def test_the_setting_is_restored(zarr, stored):
    """After a run, and after one whose function failed, the setting is that of before."""
    assert settings_seen(zarr, stored, engine="loop") != {10}
    assert zarr.config.get(SETTING) == 10

    def fail(block):
        assert zarr.config.get(SETTING) != 10
        raise LookupError

    with pytest.raises(LookupError):
        ndmem.map_blocks(fail, stored, budget="2 GiB", engine="loop")
    assert zarr.config.get(SETTING) == 10


@pytest.mark.usefixtures("four_processors")
def test_runs_that_overlap_restore_the_setting(zarr, stored):
    """Of runs with one, two and one thread that overlap the lowest setting counts, and the last one gives ten back."""
    first, second, third = (
        zarr_concurrency.limit_zarr_concurrency(open_source(stored), None, threads=threads) for threads in (1, 2, 1)
    )
    seen = []
    for step in (first.__enter__, second.__enter__, third.__enter__):
        step()
        seen.append(zarr.config.get(SETTING))
    for run in (first, second, third):
        run.__exit__(None, None, None)
        seen.append(zarr.config.get(SETTING))
    assert seen == [4, 2, 2, 2, 4, 10]


@pytest.mark.usefixtures("four_processors")
@pytest.mark.parametrize(("own", "chunks"), [(3, 3), (4, 4), (5, 4), pytest.param(None, 4, id="any number")])
def test_a_lower_setting_of_the_user_stays(zarr, stored, own, chunks):
    """With four processors three chunks stay three, and five, or any number of them, become four."""
    with zarr.config.set({SETTING: own}):
        assert settings_seen(zarr, stored, engine="loop") == {chunks}
        assert zarr.config.get(SETTING) == own


@pytest.mark.usefixtures("four_processors")
def test_a_source_or_output_elsewhere_changes_nothing(zarr, stored, tmp_path):
    """The setting stays ten where zarr reads or writes a store that is not a folder, whatever the other side is."""
    source = zarr.create_array(zarr.storage.MemoryStore(), data=VALUES, chunks=(100, 4))
    assert settings_seen(zarr, source, engine="loop") == {10}
    assert settings_seen(zarr, source, tmp_path / "out.zarr", engine="loop") == {10}
    out = zarr.create_array(zarr.storage.MemoryStore(), shape=VALUES.shape, dtype="f8", chunks=(100, 4))
    assert settings_seen(zarr, stored, out, engine="loop") == {10}
    np.testing.assert_array_equal(out[:], VALUES + 1)


@pytest.mark.usefixtures("four_processors")
def test_sources_whose_tasks_read_from_anywhere_change_nothing(zarr, stored, tmp_path):
    """A Dask array may read anything, so the setting stays ten, though the output is a local file."""
    array = pytest.importorskip("dask.array").from_zarr(str(stored))
    assert settings_seen(zarr, array, tmp_path / "out.zarr", engine="loop") == {10}


@pytest.mark.usefixtures("four_processors")
def test_a_local_output_is_enough(zarr, tmp_path):
    """An array in memory that is written to a zarr path, or to a zarr array in a folder, is limited to four chunks."""
    out = zarr.create_array(tmp_path / "array", shape=VALUES.shape, dtype="f8", chunks=(100, 4))
    assert settings_seen(zarr, VALUES, tmp_path / "out.zarr", engine="loop") == {4}
    assert settings_seen(zarr, VALUES, out, engine="loop") == {4}
    assert settings_seen(zarr, VALUES, np.empty_like(VALUES), engine="loop") == {10}


@pytest.fixture
def fused(zarr):
    """Return the pipeline that works on a block in one thread; only newer zarr has it."""
    pipelines = pytest.importorskip("zarr.core.codec_pipeline")
    if not hasattr(pipelines, "FusedCodecPipeline"):
        pytest.skip("this zarr has no pipeline that works in one thread")
    return pipelines.FusedCodecPipeline


@pytest.mark.parametrize("as_array", [False, True], ids=["path", "array"])
def test_blocks_are_read_and_written_by_one_thread_each(zarr, fused, stored, tmp_path, monkeypatch, as_array):
    """All ten chunks of the source and the whole output pass through the pipeline, on one processor."""
    monkeypatch.setattr(zarr_concurrency, "count_processors", lambda: 1)
    read, written = [], []
    plain_read, plain_write = fused.read_sync, fused.write_sync

    def read_sync(self, batch, out, drop_axes=(), max_workers=1):
        read.extend((item[0].path, max_workers) for item in batch)
        return plain_read(self, batch, out, drop_axes, max_workers=max_workers)

    def write_sync(self, batch, value, drop_axes=(), max_workers=1):
        written.append(max_workers)
        return plain_write(self, batch, value, drop_axes, max_workers=max_workers)

    monkeypatch.setattr(fused, "read_sync", read_sync)
    monkeypatch.setattr(fused, "write_sync", write_sync)
    before = zarr.config.get("codec_pipeline")
    source = zarr.open(stored, mode="r") if as_array else stored
    ndmem.map_blocks(np.negative, source, tmp_path / "out.zarr", budget="2 GiB", engine="loop")
    assert {path for path, _ in read} == {f"c/{number}/0" for number in range(10)}
    assert {workers for _, workers in read} == set(written) == {1}
    assert zarr.config.get("codec_pipeline") == before
    np.testing.assert_array_equal(zarr.open(tmp_path / "out.zarr")[:], -VALUES)


@pytest.mark.usefixtures("fused")
@pytest.mark.parametrize(("processors", "one_at_a_time"), [(1, True), (2, False)])
def test_the_source_tells_how_its_chunks_are_read(stored, monkeypatch, processors, one_at_a_time):
    """On one processor the chunks of a block are read one after the other, and on two both have one in work."""
    monkeypatch.setattr(zarr_concurrency, "count_processors", lambda: processors)
    source = open_source(stored)
    with zarr_concurrency.limit_zarr_concurrency(source, None, threads=1) as limited:
        assert limited.one_at_a_time is one_at_a_time
        np.testing.assert_array_equal(limited.read(0, 150), VALUES[:150])
    assert source.one_at_a_time is False


def pipelines_seen(zarr, stored):
    """Return the names of zarr's pipeline that the function saw in all blocks."""
    seen = set()

    def add_one(block):
        seen.add(zarr.config.get("codec_pipeline.path"))
        return block + 1

    ndmem.map_blocks(add_one, stored, budget="2 GiB", engine="loop")
    return seen


@pytest.mark.usefixtures("fused", "four_processors")
def test_several_chunks_in_work_have_the_usual_pipeline(zarr, stored):
    """With four processors for one block the pipeline stays: the other would leave threads behind."""
    assert pipelines_seen(zarr, stored) == {zarr.config.get("codec_pipeline.path")}


@pytest.mark.usefixtures("fused")
def test_another_pipeline_of_the_user_stays(zarr, stored, monkeypatch):
    """A pipeline that the user has chosen is not replaced, though one block has one chunk in work."""
    monkeypatch.setattr(zarr_concurrency, "count_processors", lambda: 1)
    chosen = type("Chosen", (zarr.core.codec_pipeline.BatchedCodecPipeline,), {"__module__": __name__})
    zarr.registry.register_pipeline(chosen)
    with zarr.config.set({"codec_pipeline.path": f"{__name__}.Chosen"}):
        assert pipelines_seen(zarr, stored) == {f"{__name__}.Chosen"}


@pytest.mark.usefixtures("fused")
def test_the_pipeline_of_runs_that_overlap(zarr, stored, monkeypatch):
    """The pipeline of one thread is there as long as a run that needs it, whichever run began and ended first."""
    monkeypatch.setattr(zarr_concurrency, "count_processors", lambda: 2)
    source = open_source(stored)
    one, two = (zarr_concurrency.limit_zarr_concurrency(source, None, threads=threads) for threads in (1, 2))
    seen = []
    steps = (one.__enter__, two.__enter__, partial(one.__exit__, *[None] * 3), partial(two.__exit__, *[None] * 3))
    for step in steps:
        step()
        seen.append(zarr.config.get("codec_pipeline.path").rpartition(".")[2])
    assert seen == ["BatchedCodecPipeline", "FusedCodecPipeline", "FusedCodecPipeline", "BatchedCodecPipeline"]


def test_a_missing_zarr_is_named(monkeypatch, tmp_path):
    """Without zarr an output of it is refused with the command that installs it, before the function runs."""
    monkeypatch.setitem(sys.modules, "zarr", None)
    called = []
    with pytest.raises(ndmem.MissingError, match="pip install zarr"):
        ndmem.map_blocks(called.append, VALUES, tmp_path / "out.zarr", budget="2 GiB", engine="loop")
    assert not called


@pytest.mark.parametrize("workers", [None, 3])
def test_the_threads_of_zarr_are_counted(tmp_path, workers):
    """Before zarr works it has no threads, and then as many as its event loop says, or at most what the user set."""
    pytest.importorskip("zarr")
    program = f"""
import numpy as np, zarr
from zarr.core import sync
from ndmem.scaling.zarr_concurrency import count_zarr_threads

with zarr.config.set({{"threading.max_workers": {workers}}}):
    before = count_zarr_threads()
    zarr.create_array({str(tmp_path / "x.zarr")!r}, data=np.ones(64), chunks=(1,))
print(before, count_zarr_threads(), len(sync.loop[0]._default_executor._threads))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    before, counted, expected = map(int, done.stdout.split())
    assert before == 0
    assert counted == expected > 0
    assert workers is None or counted <= workers

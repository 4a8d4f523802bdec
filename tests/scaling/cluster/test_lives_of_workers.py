"""Workers that come, go, are killed, or cannot be tracked; and programs that fail: what was pushed is in the run."""

from pathlib import Path

import pytest
from tests.scaling.cluster.programs import Outcome, run_program

from ndmem.analysis.tables.cluster import TaskGroup, task_table
from ndmem.api import index_of
from ndmem.model.cluster import WorkerFigures, WorkerState

pytestmark = pytest.mark.long

MB = 1_000_000


def _workers(outcome: Outcome) -> list[WorkerFigures]:
    assert outcome.run.trace.cluster is not None
    return list(outcome.run.trace.cluster.workers)


def _groups(outcome: Outcome) -> dict[str, TaskGroup]:
    return {group.name: group for group in task_table(index_of(outcome.run))}


def test_a_killed_worker_leaves_what_it_has_pushed(tmp_path: Path) -> None:
    """After SIGKILL the last message of a worker is in the run, and the worker that replaces it is tracked too."""
    outcome = run_program(
        tmp_path,
        """
        with cluster_of(1) as cluster, Client(cluster) as client:
            with ndmem.dask.track(client, interval=0.1) as run:
                array = client.submit(load, 7 * MB, 0)
                wait(array)
                until(lambda: run.live >= 7 * MB)
                del array
                (pid,) = client.run(os.getpid).values()
                os.kill(pid, signal.SIGKILL)
                until(lambda: list(client.run(os.getpid, on_error="ignore").values()) not in ([], [pid]))
                again = client.submit(load, 9 * MB, 1)
                wait(again)
            show(run, pid=pid)
        """,
    )
    killed, later = sorted(_workers(outcome), key=lambda each: each.started_s)
    assert (killed.pid, killed.state, later.state) == (outcome.found["pid"], WorkerState.LOST, WorkerState.TRACKED)
    assert killed.peak_nbytes - 7 * MB < MB // 10
    assert later.peak_nbytes - 9 * MB < MB // 10
    assert _groups(outcome)["load"].total_nbytes == 16 * MB
    assert any("sent no last message" in note for note in outcome.run.trace.run.notes)


def test_scaling_up_and_down_loses_nothing(tmp_path: Path) -> None:
    """Of 2, then 3, then 1 workers each is in the run with the bytes of its tasks, those that closed as closed."""
    outcome = run_program(
        tmp_path,
        """
        def run_on_each(number):
            for address in client.scheduler_info(n_workers=-1)["workers"]:
                future = client.submit(load, number * MB, address, workers=[address], pure=False)
                wait(future)
                del future

        with cluster_of(2) as cluster, Client(cluster) as client:
            with ndmem.dask.track(client) as run:
                run_on_each(1)
                for workers in (3, 1):
                    cluster.scale(workers)
                    until(lambda: len(client.scheduler_info(n_workers=-1)["workers"]) == workers)
                    run_on_each(workers)
            show(run)
        """,
    )
    assert sorted(each.state.value for each in _workers(outcome)) == ["retired", "retired", "tracked"]
    assert _groups(outcome)["load"].total_nbytes == (2 * 1 + 3 * 3 + 1 * 1) * MB


def test_an_adaptive_cluster_is_tracked(tmp_path: Path) -> None:
    """Workers that Dask starts for the load are tracked from their first task on."""
    outcome = run_program(
        tmp_path,
        """
        with cluster_of(0) as cluster, Client(cluster) as client:
            with ndmem.dask.track(client) as run:
                cluster.adapt(minimum=0, maximum=2, interval="100ms")
                wait(client.map(load, [2 * MB] * 6, range(6)))
            show(run)
        """,
    )
    assert _groups(outcome)["load"].total_nbytes == 12 * MB
    assert 1 <= len(_workers(outcome)) <= 2


def test_a_failing_task_fails_as_without_tracking(tmp_path: Path) -> None:
    """The exception of a task and its traceback are those of the plain run, and its arrays are in the run."""
    outcome = run_program(
        tmp_path,
        """
        import traceback

        def outcome():
            array = client.submit(load, 2 * MB, 0)
            try:
                client.submit(fail, array, pure=False).result()
            except ValueError as error:
                return [str(error), [frame.name for frame in traceback.extract_tb(error.__traceback__)][-1:]]

        with cluster_of(1) as cluster, Client(cluster) as client:
            plain = outcome()
            with ndmem.dask.track(client) as run:
                tracked = outcome()
            show(run, plain=plain, tracked=tracked)
        """,
    )
    assert outcome.found["plain"] == outcome.found["tracked"] == ["of the task", ["fail"]]
    assert _groups(outcome)["fail"].total_nbytes == 6 * MB


def test_an_exception_in_the_block_still_gives_the_run(tmp_path: Path) -> None:
    """An exception leaves the block as it is, and the run has what was allocated before; workers are left clean."""
    outcome = run_program(
        tmp_path,
        """
        def state():
            from distributed import worker

            from ndmem import _native
            from ndmem.scaling.cluster import recording

            return [_native.running_threshold(), len(recording._present), worker._run_task_simple.__module__,
                    hasattr(worker._run_task_simple, "__wrapped__"), hasattr(worker._run_actor, "__wrapped__")]

        def plugins(dask_scheduler):
            return sorted(dask_scheduler.worker_plugins)

        with cluster_of(1) as cluster, Client(cluster) as client:
            before = client.run_on_scheduler(plugins)
            try:
                with ndmem.dask.track(client) as run:
                    wait(client.submit(load, 3 * MB, 0))
                    inside = list(client.run(state).values())
                    raise KeyError("of the block")
            except KeyError as error:
                caught = str(error)
            show(run, caught=caught, inside=inside, after=list(client.run(state).values()),
                 unregistered=before == client.run_on_scheduler(plugins))
        """,
    )
    assert outcome.found["caught"] == "'of the block'"
    assert outcome.found["inside"] == [[4096, 1, "distributed.worker", True, True]]
    assert outcome.found["after"] == [[0, 0, "distributed.worker", False, False]]
    assert outcome.found["unregistered"]
    assert _groups(outcome)["load"].total_nbytes == 3 * MB


def test_a_cluster_that_ends_inside_the_block_leaves_what_was_pushed(tmp_path: Path) -> None:
    """Closing cluster and client inside the block raises nothing, and the messages until then are in the run."""
    outcome = run_program(
        tmp_path,
        """
        cluster = cluster_of(1)
        client = Client(cluster)
        with ndmem.dask.track(client, interval=0.1) as run:
            array = client.submit(load, 3 * MB, 0)
            until(lambda: run.live >= 3 * MB)
            del array
            client.close()
            cluster.close()
        show(run)
        """,
    )
    assert _groups(outcome)["load"].total_nbytes == 3 * MB


def test_a_worker_without_ndmem_has_a_row_that_says_so(tmp_path: Path) -> None:
    """Workers without ndmem, or with another version, compute as before; their rows give the reason."""
    outcome = run_program(
        tmp_path,
        """
        def spoil(dask_worker):
            import importlib
            import sys

            if dask_worker.name == 0:
                sys.modules["ndmem"] = None
            if dask_worker.name == 1:
                importlib.import_module("ndmem").__version__ = "0.0.1"

        with cluster_of(3) as cluster, Client(cluster) as client:
            client.run(spoil)
            with ndmem.dask.track(client) as run:
                addresses = list(client.scheduler_info(n_workers=-1)["workers"])
                arrays = [client.submit(load, MB, each, workers=[each], pure=False) for each in addresses]
                sizes = [each.nbytes for each in client.gather(arrays)]
            show(run, sizes=sizes, version=ndmem.__version__)
        """,
    )
    assert outcome.found["sizes"] == [MB] * 3
    version = outcome.found["version"]
    problems = {each.name: each.problem for each in _workers(outcome) if each.state is WorkerState.UNTRACKED}
    assert set(problems) == {"0", "1"}
    assert "ndmem" in (problems["0"] or "")
    assert problems["1"] == f"it has ndmem 0.0.1, the client has {version}"
    assert _groups(outcome)["load"].total_nbytes == MB


def test_coroutines_and_actors_have_groups(tmp_path: Path) -> None:
    """A coroutine and the methods of an actor count in groups of their own, and give their results."""
    outcome = run_program(
        tmp_path,
        """
        class Store:
            def __init__(self):
                self.kept = np.empty(2 * MB, np.uint8)

            def add(self, nbytes):
                self.more = np.empty(nbytes, np.uint8)
                return nbytes

        async def fetch(nbytes):
            return np.empty(nbytes, np.uint8).nbytes

        with cluster_of(1) as cluster, Client(cluster) as client:
            with ndmem.dask.track(client) as run:
                fetched = client.submit(fetch, 3 * MB).result()
                store = client.submit(Store, actor=True).result()
                added = store.add(5 * MB).result()
            show(run, results=[fetched, added])
        """,
    )
    assert outcome.found["results"] == [3 * MB, 5 * MB]
    totals = {name: group.total_nbytes for name, group in _groups(outcome).items()}
    assert {name: totals[name] for name in ("fetch", "Store", "Store.add")} == {
        "fetch": 3 * MB, "Store": 2 * MB, "Store.add": 5 * MB,
    }  # fmt: skip


def test_a_scheduler_and_a_worker_of_their_own(tmp_path: Path) -> None:
    """A cluster of `dask scheduler` and `dask worker`, as SSHCluster starts them, is tracked by a client alone."""
    outcome = run_program(
        tmp_path,
        """
        import subprocess

        def dask(*words):
            return subprocess.Popen([sys.executable, "-m", "dask", *words], stderr=subprocess.DEVNULL)

        scheduler = dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0",
                         "--scheduler-file", "scheduler.json")
        until(lambda: os.path.exists("scheduler.json") and os.path.getsize("scheduler.json"))
        worker = dask("worker", "--scheduler-file", "scheduler.json", "--nthreads", "2", "--name", "far",
                      "--no-dashboard", "--host", "127.0.0.1")
        try:
            with Client(scheduler_file="scheduler.json") as client:
                client.wait_for_workers(1)
                with ndmem.dask.track(client) as run:
                    wait(client.map(load, [MB] * 5, range(5)))
                client.shutdown()
        finally:
            worker.terminate(), scheduler.terminate()
            worker.wait(), scheduler.wait()
        show(run)
        """,
    )
    (worker,) = _workers(outcome)
    assert (worker.name, worker.threads, worker.state) == ("far", 2, WorkerState.TRACKED)
    assert _groups(outcome)["load"].total_nbytes == 5 * MB

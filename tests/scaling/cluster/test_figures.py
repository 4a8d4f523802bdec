"""The figures of a tracked cluster, against tasks worked out by hand."""

import pytest
from tests.scaling.cluster.programs import Outcome, line_of, run_program

from ndmem.analysis.tables.cluster import TaskGroup, task_table
from ndmem.api import index_of
from ndmem.model.cluster import Cluster, WorkerState

pytestmark = pytest.mark.long

MB = 1_000_000
_LOAD, _SCRATCH, _RESULT = map(
    line_of, ("return np.empty(nbytes", "scratch = np.empty(2 *", "result = np.empty(array.nbytes")
)

# Worker 0 holds 2 arrays of 3 MB and computes from each one of 3 MB with 6 MB of scratch; worker 1 the same with 5 MB.
_PINNED = """
with cluster_of(2, processes={processes}) as cluster, Client(cluster) as client:
    by_name = {{info["name"]: address for address, info in client.scheduler_info()["workers"].items()}}
    with ndmem.dask.track(client) as run:
        for name, nbytes in ((0, 3 * MB), (1, 5 * MB)):
            there = dict(workers=[by_name[name]], pure=False)
            loaded = [client.submit(load, nbytes, number, **there) for number in range(2)]
            wait(loaded)
            for each in loaded:
                results = client.submit(work, each, **there)
                wait(results)
                del results
                # The result is freed before the next task starts: it reports what is stored.
                until(lambda: sum(client.run(lambda dask_worker: len(dask_worker.data)).values()) <= {kept})
            kept = loaded if name == 0 else kept + loaded
        told = client.run(read_peak)
    show(run, told=list(told.values()), addresses=by_name)
"""
_READ_PEAK = """
def read_peak():
    from ndmem.scaling.cluster import recording

    recorder = recording._present[0]._recorder
    return [recorder.peak, recorder.live]
"""


def _cluster(outcome: Outcome) -> Cluster:
    found = outcome.run.trace.cluster
    assert found is not None
    return found


def _groups(outcome: Outcome) -> dict[str, TaskGroup]:
    return {group.name: group for group in task_table(index_of(outcome.run))}


@pytest.fixture(scope="module")
def pinned(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Two workers in two processes, whose tasks are pinned."""
    body = _PINNED.format(processes=True, kept="2 + 2 * name")
    return run_program(tmp_path_factory.mktemp("pinned"), body, head=_READ_PEAK)


@pytest.fixture(scope="module")
def threads(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The same with both workers, the scheduler and the client in one process."""
    body = _PINNED.format(processes=False, kept="2 + 2 * name")
    return run_program(tmp_path_factory.mktemp("threads"), body, head=_READ_PEAK)


def test_each_task_group_has_the_bytes_of_its_tasks(pinned: Outcome) -> None:
    """Bytes and numbers of arrays by task group are those of the tasks, to the byte."""
    groups = _groups(pinned)
    assert (groups["load"].total_nbytes, groups["load"].count, groups["load"].tasks) == (16 * MB, 4, 4)
    assert (groups["work"].total_nbytes, groups["work"].count, groups["work"].tasks) == (48 * MB, 8, 4)
    assert {name: group.workers for name, group in groups.items() if group.tasks} == {"load": 2, "work": 2}


def test_each_line_has_the_bytes_of_its_arrays(pinned: Outcome) -> None:
    """Bytes by line are those that the line allocated on all workers; the line is that of the client's file."""
    lines = {line.lineno: line for line in pinned.run.lines() if line.filename.endswith("program.py")}
    totals = {number: line.total_nbytes for number, line in lines.items()}
    assert totals == {_LOAD: 16 * MB, _SCRATCH: 32 * MB, _RESULT: 16 * MB}
    assert lines[_SCRATCH].source == "scratch = np.empty(2 * array.nbytes, np.uint8)"


def test_each_worker_has_its_own_peak(pinned: Outcome) -> None:
    """The peak of a worker is two inputs, the scratch and the result of one task, and what messages took meanwhile."""
    peaks = {each.name: each.peak_nbytes for each in _cluster(pinned).workers}
    assert set(peaks) == {"0", "1"}
    for name, nbytes in (("0", 3 * MB), ("1", 5 * MB)):
        assert 0 <= peaks[name] - 5 * nbytes < MB // 10


@pytest.mark.parametrize("kind", ["pinned", "threads"])
def test_the_merged_bytes_are_the_sum_of_what_the_workers_report(kind: str, request: pytest.FixtureRequest) -> None:
    """Peak and live bytes of the merged trace are the sums of the counters of each process, and of each row."""
    outcome = request.getfixturevalue(kind)
    cluster, trace = _cluster(outcome), outcome.run.trace
    told = {tuple(each) for each in outcome.found["told"]}
    assert trace.peak.nbytes == sum(peak for peak, _ in told) == sum(each.peak_nbytes for each in cluster.workers)
    assert trace.live_nbytes == sum(each.live_nbytes for each in cluster.workers)
    assert sum(group.at_peak_nbytes for group in _groups(outcome).values()) == trace.peak.nbytes
    assert sum(line.own_nbytes for line in outcome.run.lines()) == trace.peak.nbytes


def test_workers_of_one_process_are_counted_once(threads: Outcome) -> None:
    """A cluster of threads is one process with the names of its workers, and the bytes of its tasks once."""
    (process,) = _cluster(threads).workers
    assert process.name == "0, 1"
    assert process.threads == 2
    groups = _groups(threads)
    assert (groups["load"].total_nbytes, groups["work"].total_nbytes) == (16 * MB, 48 * MB)


def test_what_is_stored_is_told_from_what_runs(pinned: Outcome) -> None:
    """At a worker's peak, stored keys are at least its two inputs, and the arrays of the task are not."""
    for worker in _cluster(pinned).workers:
        nbytes = worker.peak_nbytes // 5
        assert worker.resident is not None
        assert worker.state is WorkerState.TRACKED
        assert worker.stored_nbytes <= worker.peak_nbytes - nbytes


def test_the_sum_at_one_moment_is_bounded_by_the_sum_of_the_peaks(pinned: Outcome) -> None:
    """No moment has more than all peaks together, nor less than the highest one."""
    cluster = _cluster(pinned)
    peaks = [each.peak_nbytes for each in cluster.workers]
    assert max(peaks) <= cluster.at_once_nbytes <= sum(peaks)

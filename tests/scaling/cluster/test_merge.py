"""Messages of workers at the client: in any order, however often, in bounded memory, into one trace."""

import io
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.traces import USER, Frame, TraceBuilder

from ndmem.model.cluster import TASKS_FILE, WorkerState
from ndmem.model.trace import Trace
from ndmem.model.trace_file.reading import read_trace
from ndmem.model.trace_file.writing import write_trace
from ndmem.scaling.cluster.gathering import Gathering
from ndmem.scaling.cluster.merge import Place, merge
from ndmem.scaling.cluster.message import RETIRED, STOPPED, Message
from ndmem.scaling.cluster.table import summarise

PLACE = Place(scheduler="tcp://here:1", dashboard="http://here:2/status", pid=9, started=100.0)


def message(
    process: str, sequence: int, *, nbytes: int = 10, final: str | None = None, samples: list[list[int]] | None = None
) -> dict[str, Any]:
    """Return a message of a worker whose one task has allocated some bytes."""
    builder = TraceBuilder()
    builder.born((Frame(TASKS_FILE, 2, "load"), Frame(USER, 3, "load")), nbytes)
    about = {
        "workers": [[f"worker {process}", f"tcp://{process}:1", 2]], "pid": 7, "started": 101.0, "elapsed_s": 2.0,
        "peak": nbytes, "live": nbytes, "stored_at_peak": 0, "resident": {}, "rss_peak": None, "python": "3.15.0",
        "numpy": "2.5.0", "threshold": 4096, "library_roots": ["/lib"], "notes": [], "tasks": {"load": 1},
    }  # fmt: skip
    return Message(
        track="t", process=process, sequence=sequence, final=final, about=about, samples=samples or [],
        table=summarise(builder.build()).encode(),
    ).encode()  # fmt: skip


def merged(messages: list[dict[str, Any]]) -> Trace:
    """Return the trace of some messages."""
    gathering = Gathering("t")
    for each in messages:
        gathering.take(each)
    return merge(gathering, PLACE, now=110.0)


@given(order=st.permutations(range(6)))
def test_the_order_of_processes_does_not_matter(order: list[int]) -> None:
    """The messages of several processes, each in its order, give one trace however they interleave."""
    each = {name: [message(name, 1, nbytes=5), message(name, 2, nbytes=7, final=STOPPED)] for name in "abc"}
    queues = {name: iter(messages) for name, messages in each.items()}
    interleaved = [next(queues["abc"[number % 3]]) for number in order]
    assert merged(interleaved) == merged([one for name in "abc" for one in each[name]])


def test_a_message_counts_once() -> None:
    """A message that comes again, or after a newer one, changes nothing."""
    first, second = message("a", 1, nbytes=5, samples=[[100, 5, 5, 0, 0]]), message("a", 2, nbytes=7)
    assert merged([first, second, first, second]) == merged([first, second])
    assert merged([first, second]).total_nbytes == 7


@given(sizes=st.lists(st.integers(1, 2**40), min_size=1, max_size=5))
def test_figures_are_sums_over_workers(sizes: list[int]) -> None:
    """Peak, live and total bytes of the merged trace are the sums of those of its processes."""
    trace = merged([message(str(number), 1, nbytes=nbytes) for number, nbytes in enumerate(sizes)])
    assert trace.cluster is not None
    assert trace.peak.nbytes == trace.live_nbytes == trace.total_nbytes == sum(sizes)
    assert sorted(each.peak_nbytes for each in trace.cluster.workers) == sorted(sizes)
    assert trace.cluster.tasks == {"load": len(sizes)}


def test_the_sum_over_time_takes_the_highest_of_each_interval() -> None:
    """Peaks in the same interval add up; those of different intervals do not."""
    early = message("a", 1, final=STOPPED, samples=[[100, 50, 5, 0, 0], [200, 6, 6, 0, 0]])
    late = message("b", 1, final=STOPPED, samples=[[100, 2, 1, 0, 0], [200, 70, 3, 0, 0]])
    cluster = merged([early, late]).cluster
    assert cluster is not None
    assert (cluster.at_once_nbytes, cluster.at_once_s, cluster.interval_s) == (6 + 70, 1.1, 0.1)


def test_a_process_that_was_lost_holds_nothing_afterwards() -> None:
    """The memory of a killed process is freed: after its last message its level is 0, and its state says so."""
    trace = merged([message("a", 1, samples=[[100, 50, 40, 0, 0]]), message("b", 1, final=RETIRED)])
    assert trace.cluster is not None
    assert {each.address: each.state for each in trace.cluster.workers} == {
        "tcp://a:1": WorkerState.LOST,
        "tcp://b:1": WorkerState.RETIRED,
    }
    assert trace.compacted.live.tolist() == [50, 0]


def test_samples_take_bounded_memory_and_keep_the_highest() -> None:
    """However long a run is, a process has at most 1,024 samples, and its highest figure is among them."""
    gathering = Gathering("t")
    for number in range(2000):
        highest = 10**6 if number == 777 else number % 50
        gathering.take(message("a", number + 1, samples=[[100 * number + part, highest, 1, 0, 0] for part in range(5)]))
    samples = np.array(gathering.processes["a"].samples)
    assert len(samples) <= 1024
    assert samples[:, 1].max() == 10**6
    assert (np.diff(samples[:, 0]) > 0).all()


@given(
    forged=st.dictionaries(
        st.sampled_from(["track", "process", "sequence", "final", "body", "table", "problem", "address", "pid"]),
        st.one_of(st.none(), st.just("t"), st.integers(), st.binary(max_size=9)),
    )
)
def test_what_is_no_message_is_counted_and_left_out(forged: dict[str, Any]) -> None:
    """Anything may be published under a topic: it changes nothing of the workers' figures."""
    gathering = Gathering("t")
    gathering.take(message("a", 1))
    gathering.take({**forged, "track": "t", "body": b"damaged"})
    gathering.take([forged])
    gathering.take({**message("a", 2), "track": "of another block"})
    assert merge(gathering, PLACE, now=110.0).total_nbytes == 10


def test_a_merged_trace_survives_its_file() -> None:
    """Reading a written trace gives the same one, with its workers."""
    trace = merged([message("a", 1, samples=[[100, 50, 40, 0, 0]]), message("b", 1, final=RETIRED)])
    file = io.BytesIO()
    write_trace(trace, file)
    file.seek(0)
    assert read_trace(file) == trace


def test_nothing_was_tracked() -> None:
    """A cluster without workers has an empty trace."""
    trace = merged([])
    assert trace.cluster is not None
    assert (trace.peak.nbytes, len(trace.tree), trace.cluster.workers) == (0, 0, ())

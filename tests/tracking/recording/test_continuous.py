"""A continuous recording: exact counters, no events, bounded memory."""

import _tracemalloc
import io
import random
import threading
import tracemalloc

import numpy as np
import pytest
from tests.forking import forks, in_fork

import ndmem
from ndmem import _native
from ndmem.errors import TrackingError
from ndmem.results.tracked_run import recorder_of
from ndmem.tracking.recorder import Recorder, Tally
from ndmem.watching.site_names import SiteNames

ARRAY_DOMAIN = 389047
LINES_OF_CODE = "keep.append(np.ones({length}))\n"


def array_domain() -> tuple[int, int]:
    """Bytes and number of live blocks of NumPy's tracemalloc domain."""
    sizes = [nbytes for domain, nbytes, *_ in _tracemalloc._get_traces() if domain == ARRAY_DOMAIN]
    return sum(sizes), len(sizes)


def run_new_code(number: int, length: int, keep: list[object]) -> None:
    """Allocate an array in a line of code that no other call runs."""
    exec(compile(LINES_OF_CODE.format(length=length), f"/srv/page_{number}.py", "exec"), {"np": np, "keep": keep})


def tally_of(run: ndmem.TrackedRun) -> Tally:
    """The counters of a run that was started."""
    recorder = recorder_of(run)
    assert recorder is not None
    return recorder.tally()


def report(run: ndmem.TrackedRun) -> str:
    """The report of a run in one line."""
    stream = io.StringIO()
    run.report(stream)
    return " ".join(stream.getvalue().split())


def test_live_bytes_and_count_equal_tracemallocs_domain_at_any_moment() -> None:
    """For random arrays of 0 bytes to 3 MB, live bytes and their number equal tracemalloc's after each operation."""
    choose = random.Random(1)
    tracemalloc.start()
    try:
        with ndmem.track(continuous=True) as run:
            kept: list[object] = []
            for _ in range(40):
                kept.append(np.empty(choose.choice([0, 1, 500, 511, 512, 10_000, 400_000])))
                if choose.random() < 0.5:
                    kept.pop(choose.randrange(len(kept)))
                tally = tally_of(run)
                assert (tally.live, tally.count) == array_domain()
                assert tally.live == run.live == sum(tally.by_node)
            kept.clear()
            assert (run.live, tally_of(run).count) == (0, 0)
    finally:
        tracemalloc.stop()


def test_the_peak_and_its_lines_are_those_of_a_recording_with_events() -> None:
    """Peak, live bytes, total and number of arrays by line are those of an ordinary recording of the same block."""
    with ndmem.track() as usual, ndmem.track(continuous=True) as run:
        a = [np.ones(1000 * k) for k in range(20)]
        b = np.concatenate(a)
        del a
        c = b * 2

    def figures(each: ndmem.TrackedRun) -> list[tuple[object, ...]]:
        return [(line.lineno, line.at_peak_nbytes, line.kept_nbytes, line.total_nbytes) for line in each.lines()]

    assert c.nbytes == b.nbytes
    assert (run.peak, run.live) == (usual.peak, usual.live)
    assert sorted(figures(run), key=str) == sorted(figures(usual), key=str)


def test_no_event_is_kept_and_the_report_says_so() -> None:
    """The trace has no events, temporary bytes are unknown, and the report gives the reason."""
    with ndmem.track(continuous=True) as run:
        a = np.ones(100_000) + np.ones(100_000)
    assert (len(run.trace.events), run.trace.holders, run.trace.threads) == (0, (), {})
    assert {line.temporary_nbytes for line in run.lines()} == {None}
    assert "a continuous recording counts arrays" in report(run)
    assert a.nbytes == 800_000


def test_events_of_a_recording_beside_it_are_complete() -> None:
    """An ordinary block inside a continuous recording has its events and names; the arrays before it stay counted."""
    with ndmem.track(continuous=True) as run:
        before = np.ones(10_000)
        with ndmem.track() as block:
            inside = np.ones(20_000)
            del before
        after = np.ones(30_000)
    assert [int(n) for n in block.trace.events.nbytes] == [160_000]
    assert block.trace.holders[0].name == "inside"
    assert (block.live, run.live) == (160_000, 400_000)
    assert len(run.trace.events) == 0
    assert inside.nbytes + after.nbytes == 400_000


def test_a_limit_describes_large_arrays_beside_it() -> None:
    """A budget that is exceeded while a continuous recording runs names the array that was live."""
    held: list[object] = []

    def exceed() -> None:
        with ndmem.limit("1 MiB", scope="thread"):  # of the thread, for other tests may have left arrays
            held.append(np.ones(100_000))
            np.ones(100_000)

    with ndmem.track(continuous=True) as run:
        with pytest.raises(ndmem.BudgetExceeded) as caught:
            exceed()
        assert run.live == 800_000
    assert caught.value.excess is not None
    assert caught.value.excess.lines[0].nbytes == 800_000


def test_lines_beyond_the_cap_are_one_row() -> None:
    """With a cap of 50 stacks there are 50 nodes, live bytes and the peak are exact, and the rest is "other lines"."""
    recorder, keep = Recorder(stacks=50), list[object]()
    recorder.start()
    for number in range(300):
        run_new_code(number, 100, keep)
    tally = recorder.tally()
    assert len(tally.by_node) == 50
    assert tally.live == sum(tally.by_node) == 300 * 800
    named = SiteNames(recorder).add_up(tally.by_node)
    assert 0 < sum(nbytes for _, nbytes in named) < tally.live
    recorder.stop()
    trace = recorder.read_trace()
    functions = {site.function for site in trace.sites}
    assert "other lines" in functions
    assert int(trace.tallies.live.sum()) == tally.live
    assert trace.run.notes == (
        "Arrays of call stacks for which a continuous recording has no space are one row: other lines.",
    )


def test_code_that_is_compiled_again_and_again_is_not_kept_alive() -> None:
    """Of code objects with a constant of 100 kB each, at most 6 MiB stay alive; all their arrays are counted."""
    keep: list[object] = []
    with ndmem.track(continuous=True) as run:
        tracemalloc.start()
        for number in range(200):
            # With spaces: a text that could be a name is interned, and Python 3.12 keeps such texts for ever.
            text = f"text = {f'{number} ' * 20_000!r}\n" + LINES_OF_CODE.format(length=10)
            exec(compile(text, f"/srv/page_{number}.py", "exec"), {"np": np, "keep": keep})
        kept = sum(
            trace.size
            for trace in tracemalloc.take_snapshot().filter_traces([tracemalloc.DomainFilter(True, 0)]).traces
            if trace.size > 25_000
        )
        tracemalloc.stop()
        assert run.live == 200 * 80
    assert kept < 7 << 20


def test_the_record_does_not_grow_with_time() -> None:
    """After 1,000 and after 30,000 arrays, with threads that come and go, the record has the same size."""

    def work() -> None:
        for length in (10, 1000, 100_000):
            np.ones(length)

    def run_threads(count: int) -> None:
        for _ in range(count):
            thread = threading.Thread(target=work, name=f"request {_}")
            thread.start()
            thread.join()

    recorder = Recorder(stacks=1000)
    recorder.start()
    run_threads(20)
    before = sum(map(len, recorder.read_parts()))
    run_threads(500)
    with ndmem.limit("1 GiB"):
        run_threads(20)
    assert sum(map(len, recorder.read_parts())) == before
    assert recorder.live == 0
    recorder.stop()


@pytest.mark.long
def test_more_live_threads_than_are_remembered() -> None:
    """With 600 threads alive at once, more than are remembered, each array is counted at its line."""
    start, end = threading.Barrier(601), threading.Barrier(601)
    kept: list[object] = []

    def work() -> None:
        start.wait()
        kept.append(np.ones(100))
        end.wait()

    with ndmem.track(continuous=True) as run:
        threads = [threading.Thread(target=work) for _ in range(600)]
        for thread in threads:
            thread.start()
        start.wait()
        end.wait()
        for thread in threads:
            thread.join()
        assert run.live == 600 * 800
    assert [line.kept_nbytes for line in run.lines() if "kept.append" in (line.source or "")] == [600 * 800]


def test_stacks_of_an_ordinary_recording_are_not_bounded() -> None:
    """A recording with events that begins when a continuous one is full has a node for each of its lines."""
    full, keep = Recorder(stacks=20), list[object]()
    full.start()
    for number in range(60):
        run_new_code(number, 100, keep)
    with ndmem.track() as run:
        for number in range(60):
            run_new_code(number, 1000, keep)
    full.stop()
    pages = {site.filename for site in run.trace.sites if site.filename.startswith("/srv/")}
    assert len(pages) == 60
    assert not any("other lines" in note for note in run.trace.run.notes)


@forks
def test_in_a_forked_child_nothing_is_recorded() -> None:
    """In the child of a fork the recording does not run; in the parent it goes on."""
    with ndmem.track(continuous=True) as run:
        a = np.ones(1000)

        def child() -> bool:
            np.ones(5000)
            recorder = recorder_of(run)
            assert recorder is not None
            return recorder.running

        assert in_fork(child) is False
        assert run.live == a.nbytes


def test_a_threshold_is_refused() -> None:
    """A continuous recording with a threshold is refused, for no buffer is recorded one by one."""
    with pytest.raises(TrackingError, match="omit threshold or continuous"):
        ndmem.track(threshold=100, continuous=True)


@pytest.mark.parametrize("stacks", [-1, 2**18 + 1])
def test_an_absurd_number_of_stacks_is_refused(stacks: int) -> None:
    """Less than 0 and more than 262,144 stacks are a ValueError that names the range."""
    with pytest.raises(ValueError, match="stacks must be 0 to 262144"):
        _native.Recording(4096, stacks=stacks)


def test_it_starts_again_from_zero() -> None:
    """A second start discards the counters of the first."""
    run = ndmem.track(continuous=True).start()
    a = np.ones(1000)
    run.stop()
    run.start()
    b = np.ones(10)
    assert (run.live, tally_of(run).count) == (80, 1)
    run.stop()
    assert a.size + b.size == 1010


def test_the_tally_of_a_recording_that_was_not_initialized_is_refused() -> None:
    """A Recording without its __init__ raises instead of reading memory that is not there."""
    with pytest.raises(RuntimeError, match="not initialized"):
        _native.Recording.__new__(_native.Recording).tally()

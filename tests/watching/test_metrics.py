"""The figures of a recording while it runs."""

import dataclasses
import threading
from typing import Any

import numpy as np
import pytest
from tests.forking import forks, in_fork

import ndmem
from ndmem.errors import OptionError
from ndmem.results.tracked_run import recorder_of
from ndmem.watching.growth import GrowthWindow
from ndmem.watching.metrics import ArrayMetrics, MetricsReader


def read_arrays(reader: MetricsReader) -> ArrayMetrics:
    """The figures of arrays of a recording that runs."""
    arrays = reader.read().arrays
    assert arrays is not None
    return arrays


def first() -> object:
    """Allocate 8,000 bytes."""
    return np.empty(1000)


def second() -> object:
    """Allocate 800 bytes in a call of a library."""
    return np.concatenate([np.zeros(50), np.zeros(50)])


def test_figures_are_those_of_the_run() -> None:
    """Live bytes, peak, numbers and totals are those that shapes and dtypes give."""
    with ndmem.track(continuous=True) as run:
        reader = MetricsReader(run)
        a, b = first(), first()
        del b
        arrays = read_arrays(reader)
        assert (arrays.live_nbytes, arrays.peak_nbytes, arrays.count) == (run.live, run.peak, 1) == (8000, 16000, 1)
        assert (arrays.total_nbytes, arrays.total_count, arrays.growth_nbytes_per_s) == (16000, 2, None)
        del a


def test_lines_are_the_users_and_sum_to_the_live_bytes() -> None:
    """Bytes that a library allocated are at the user's line; with one line shown, the other's bytes are in "other"."""
    with ndmem.track(continuous=True) as run:
        kept = [first(), second(), second()]
        here = f"{__file__}:{first.__code__.co_firstlineno + 2} first"
        arrays = read_arrays(MetricsReader(run, sites=1))
        assert (arrays.sites, arrays.other_nbytes) == (((here, 8000),), 1600)
        both = read_arrays(MetricsReader(run))
        there = f"{__file__}:{second.__code__.co_firstlineno + 2} second"
        assert (both.sites, both.other_nbytes) == (((here, 8000), (there, 1600)), 0)
        assert len(kept) == 3


def test_new_lines_are_read_while_it_runs() -> None:
    """Lines that ran after the first reading are in the next one, and lines whose arrays were freed are not."""
    with ndmem.track(continuous=True) as run:
        reader = MetricsReader(run)
        kept = [first()]
        assert len(read_arrays(reader).sites) == 1
        kept.append(second())
        assert len(read_arrays(reader).sites) == 2
        del kept[0]
        assert [nbytes for _, nbytes in read_arrays(reader).sites] == [800]


def test_reading_is_not_recorded() -> None:
    """A reading changes neither live bytes nor the number of arrays that were allocated."""
    with ndmem.track(continuous=True) as run:
        reader, kept = MetricsReader(run), first()
        before = read_arrays(reader)
        assert read_arrays(reader) == before
        del kept


def test_without_a_running_recording_arrays_are_unknown() -> None:
    """Before the start, and after the stop, arrays are None; the memory of the process and its limit are known."""
    run = ndmem.track(continuous=True)
    reader = MetricsReader(run)
    assert reader.read().arrays is None
    kept = run.start() and first()
    assert read_arrays(reader).live_nbytes == 8000
    run.stop()
    metrics = reader.read()
    assert (metrics.arrays, metrics.native) == (None, None)
    assert (metrics.resident_nbytes or 0) > 0
    del kept


def test_a_second_start_is_read_anew() -> None:
    """After a second start only its own lines and bytes are read, although both have as many call stacks."""
    run = ndmem.track(continuous=True).start()
    reader = MetricsReader(run)
    kept = [first()]
    assert [nbytes for _, nbytes in read_arrays(reader).sites] == [8000]
    run.stop()
    run.start()
    kept.append(second())
    assert [(site.split()[-1], nbytes) for site, nbytes in read_arrays(reader).sites] == [("second", 800)]
    run.stop()


def test_native_memory_is_unknown_where_it_is_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without native memory its figures are None; with it they are those of the recording."""
    with ndmem.track(continuous=True) as run:
        recorder = recorder_of(run)
        assert recorder is not None
        tally = recorder.tally()
        if tally.native_live is None:
            assert MetricsReader(run).read().native is None
        watched = dataclasses.replace(tally, native_live=5, native_peak=9)
        monkeypatch.setattr(recorder, "tally", lambda: watched)
        native = MetricsReader(run).read().native
        assert native is not None
        assert (native.live_nbytes, native.peak_nbytes) == (5, 9)


def test_an_ordinary_recording_can_be_read_too() -> None:
    """The reader works for a recording with events."""
    with ndmem.track() as run:
        kept = first()
        assert read_arrays(MetricsReader(run)).live_nbytes == 8000
        del kept


@forks
def test_a_forked_child_has_no_figures_of_its_parent() -> None:
    """In a forked child arrays are None, not those of the parent; a recording that the child starts is its own."""
    with ndmem.track(continuous=True) as run:
        reader, kept = MetricsReader(run), first()
        assert read_arrays(reader).live_nbytes == 8000

        def child() -> list[Any]:
            inherited = reader.read().arrays
            own = ndmem.track(continuous=True).start()
            kept_there = second()
            mine = read_arrays(MetricsReader(own)).live_nbytes
            own.stop()
            return [inherited, mine, kept_there is None]

        assert in_fork(child) == [None, 800, False]
        assert read_arrays(reader).live_nbytes == 8000
        del kept


def test_reading_while_threads_allocate_and_the_recording_stops() -> None:
    """Readings in two threads while others allocate, stop and start: each is None or sums to its own live bytes."""
    run, stop, wrong = ndmem.track(continuous=True).start(), threading.Event(), list[object]()
    reader = MetricsReader(run, sites=3)

    def allocate() -> None:
        while not stop.is_set():
            kept = [first(), second(), np.ones(100)]
            del kept

    def read() -> None:
        for _ in range(200):
            arrays = reader.read().arrays
            if arrays and sum(nbytes for _, nbytes in arrays.sites) + arrays.other_nbytes != arrays.live_nbytes:
                wrong.append(arrays)
            if arrays and arrays.other_nbytes < 0:
                wrong.append(arrays)

    writers = [threading.Thread(target=allocate) for _ in range(2)]
    readers = [threading.Thread(target=read) for _ in range(2)]
    for thread in (*writers, *readers):
        thread.start()
    while any(thread.is_alive() for thread in readers):
        run.stop()
        run.start()
    stop.set()
    for thread in (*writers, *readers):
        thread.join()
    run.stop()
    assert wrong == []


def test_growth_is_that_of_the_last_minute() -> None:
    """Of bytes that rise by 100 a second for 90 s and then fall by 50, growth is the slope of the last 60 s."""
    now = [0.0]
    window = GrowthWindow(lambda: now[0])
    assert [window.add(0)] == [None]
    found = {}
    for second_ in range(1, 151):
        now[0] = float(second_)
        found[second_] = window.add(100 * second_ if second_ <= 90 else 9000 - 50 * (second_ - 90))
    assert found[9] is None
    assert found[10] == 100
    assert found[90] == 100
    assert found[150] == -50


def test_growth_keeps_few_samples_however_often_it_is_read() -> None:
    """A million readings in a second keep one sample; readings of an hour keep at most 16."""
    now = [0.0]
    window = GrowthWindow(lambda: now[0])
    for step in range(100_000):
        now[0] = step / 100_000
        window.add(step)
    assert len(window._samples) == 1
    for _ in range(3600):
        now[0] += 1
        window.add(0)
    assert len(window._samples) == 16


@pytest.mark.parametrize("sites", [0, -1, 1001, 10**9, 2.5, True, "20", None])
def test_an_absurd_number_of_lines_is_refused(sites: Any) -> None:
    """Anything but an integer from 1 to 1000 is an OptionError that names the range."""
    with pytest.raises(OptionError, match="sites must be an integer from 1 to 1000, not "):
        MetricsReader(ndmem.track(continuous=True), sites=sites)


@pytest.mark.parametrize("run", [None, 3, ndmem.track, object()])
def test_what_is_not_a_recording_is_refused(run: Any) -> None:
    """Another object than a TrackedRun is an OptionError that says what to pass."""
    with pytest.raises(OptionError, match=r"is not a recording; pass the result of ndmem.track"):
        MetricsReader(run)

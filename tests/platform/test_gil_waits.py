"""ndmem's own work gives the GIL away seldom, and gets it back soon."""

import os
import sys
import threading

import numpy as np
import pytest

import ndmem
from ndmem.platform.breakdown import snapshot
from ndmem.platform.gil_waits import INTERVAL, short_gil_waits


@pytest.fixture(autouse=True)
def _interval():
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


def test_interval_is_short_within_and_restored_after():
    """The switch interval is short in the block and in nested ones, and restored after it, after an error too."""
    sys.setswitchinterval(0.02)
    with pytest.raises(ZeroDivisionError), short_gil_waits():  # noqa: PT012  # the nested block is what is tested
        with short_gil_waits():
            assert sys.getswitchinterval() == pytest.approx(INTERVAL)
        assert sys.getswitchinterval() == pytest.approx(INTERVAL)
        _ = 1 / 0
    assert sys.getswitchinterval() == pytest.approx(0.02)


def test_overlapping_blocks_of_threads():
    """A block that ends in one thread leaves the interval of another's short; the last one restores it."""
    sys.setswitchinterval(0.02)
    entered, leave = threading.Event(), threading.Event()

    def other():
        with short_gil_waits():
            entered.set()
            leave.wait()

    thread = threading.Thread(target=other)
    with short_gil_waits():
        thread.start()
        entered.wait()
    assert sys.getswitchinterval() == pytest.approx(INTERVAL)
    leave.set()
    thread.join()
    assert sys.getswitchinterval() == pytest.approx(0.02)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_the_interval_of_the_program():
    """Where another thread is in the block while a process forks, its child has the program's interval."""
    sys.setswitchinterval(0.02)
    entered, leave = threading.Event(), threading.Event()

    def other():
        with short_gil_waits():
            entered.set()
            leave.wait()

    thread = threading.Thread(target=other)
    thread.start()
    entered.wait()
    child = os.fork()
    if not child:
        os._exit(round(sys.getswitchinterval() * 1000))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 20
    assert sys.getswitchinterval() == pytest.approx(INTERVAL)
    leave.set()
    thread.join()


def test_shorter_interval_of_the_program_stays():
    """An interval that is shorter already, or that the program sets meanwhile, is left alone."""
    sys.setswitchinterval(5e-5)
    with short_gil_waits():
        assert sys.getswitchinterval() == pytest.approx(5e-5)
    sys.setswitchinterval(0.02)
    with short_gil_waits():
        sys.setswitchinterval(0.03)
    assert sys.getswitchinterval() == pytest.approx(0.03)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="breakdown reads /proc")
def test_breakdown_gives_the_gil_away_for_no_page(monkeypatch):
    """However many pages there are, none of them is read by a call that releases the GIL."""
    calls = []
    for name in ("pread", "read", "preadv"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *given, name=name, real=real: (calls.append(name), real(*given))[1])
    held = [np.ones(20_000) for _ in range(2_000)]
    taken = snapshot.take_snapshot()
    assert sum(each.end - each.start for each in taken.regions) > sum(each.nbytes for each in held)
    assert len(calls) < 50


@pytest.mark.parametrize("verb", ["arrays", "breakdown"])
def test_verbs_work_with_short_waits(verb, monkeypatch):
    """`arrays` and `breakdown` shorten the interval, once, and restore it."""
    seen = []
    real = sys.setswitchinterval
    monkeypatch.setattr(sys, "setswitchinterval", lambda interval: (seen.append(interval), real(interval))[1])
    before = sys.getswitchinterval()
    getattr(ndmem, verb)()
    assert seen == pytest.approx([INTERVAL, before])


def test_lines_of_a_run_work_with_short_waits(monkeypatch):
    """So does the line table of a run, which is computed by NumPy in many small operations."""
    with ndmem.track() as run:
        np.ones(1000)
    seen = []
    real = sys.setswitchinterval
    monkeypatch.setattr(sys, "setswitchinterval", lambda interval: (seen.append(interval), real(interval))[1])
    before = sys.getswitchinterval()
    run.lines()
    assert seen == pytest.approx([INTERVAL, before])

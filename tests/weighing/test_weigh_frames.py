"""`weigh` of frames that run, generators, and all objects of the process."""

import gc
import sys
import threading
import weakref

import numpy as np
import pytest

from ndmem import weigh


def test_variables_of_a_running_frame():
    """The variables of a function that runs, here or in another thread, are all that its frame reaches."""

    def waiting(started, ended):
        array = np.ones(30_000)
        started.set()
        ended.wait()
        return array

    def here():
        array = np.ones(10_000)
        cell = np.ones(20_000)
        frame = sys._getframe()
        before = [sys.getrefcount(array), sys.getrefcount(cell), sys.getrefcount(frame)]
        weight = weigh(frame)
        assert [sys.getrefcount(array), sys.getrefcount(cell), sys.getrefcount(frame)] == before
        return weight, (lambda: cell)

    assert here()[0].numbers.buffers_nbytes == 8 * 30_000
    started, ended = threading.Event(), threading.Event()
    thread = threading.Thread(target=waiting, args=(started, ended))
    thread.start()
    try:
        assert started.wait(60)
        frame = sys._current_frames()[thread.ident]
        while frame.f_code is not waiting.__code__:
            frame = frame.f_back
        assert weigh(frame).numbers.buffers_nbytes == 8 * 30_000
    finally:
        ended.set()
        thread.join()


def test_frame_of_a_suspended_generator():
    """It reaches the variables, as its generator's; afterwards what of them is still alive."""

    def generate():
        array = np.ones(10_000)
        yield weakref.ref(array)

    generator = generate()
    array = next(generator)
    frame = generator.gi_frame
    assert weigh(frame).numbers.buffers_nbytes == weigh(generator).numbers.buffers_nbytes == 80_000
    assert weigh(frame).owned < 80_000
    del generator
    assert (weigh(frame).owned > 80_000) == (array() is not None)  # 3.13 lets go of them


@pytest.mark.long
def test_all_objects_there_are():
    """Every object the collector knows of can be weighed together, and a sample of them alone."""
    everything = gc.get_objects()
    assert weigh(everything, depth=1).reachable > 10**6
    for thing in everything[:: max(1, len(everything) // 500)]:
        assert weigh(thing, depth=1, resident=False).reachable >= 0


def test_deep_nesting():
    """A list in a list, a million deep, needs no recursion."""
    deep: list = [np.ones(1000)]
    for _ in range(200_000):
        deep = [deep]
    assert weigh(deep).numbers.buffers_nbytes == 8000
    while deep and isinstance(deep[0], list):  # freed step by step: CPython's own freeing recurses
        deep = deep[0]

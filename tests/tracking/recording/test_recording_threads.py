"""Recordings of several threads, and of a process that forks."""

import contextvars
import gc
import os
import random
import threading

import numpy as np
from tests.forking import forks

import ndmem
from ndmem.model.trace import Kind


def test_all_threads_are_seen() -> None:
    """Threads started before and after the start, and code in an empty context, are seen."""
    go, done = threading.Event(), threading.Event()
    kept = []

    def early() -> None:
        go.wait()
        kept.append(np.zeros(1000))
        done.set()

    thread = threading.Thread(target=early)
    thread.start()
    with ndmem.track() as run:
        go.set()
        done.wait()
        late = threading.Thread(target=lambda: kept.append(np.zeros(2000)))
        late.start()
        late.join()
        contextvars.Context().run(lambda: kept.append(np.zeros(4000)))
    thread.join()
    assert run.live == 7000 * 8
    born = run.trace.events.thread[run.trace.events.kind == Kind.BORN]
    assert len(set(born.tolist())) == 3


def test_threads_at_once_lose_nothing() -> None:
    """Eight threads that allocate and free at once leave the books balanced."""

    def work(seed: int) -> None:
        rng = random.Random(seed)  # NumPy's own keeps 16 bytes from its first use
        kept: list[np.ndarray] = []
        for _ in range(300):
            kept.append(np.empty(rng.randrange(1, 3000)))
            if rng.random() < 0.5:
                kept.pop(rng.randrange(len(kept)))

    with ndmem.track() as run:
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        gc.collect()
    assert run.live == 0
    kinds = run.trace.events.kind
    assert int((kinds == Kind.BORN).sum()) == int((kinds == Kind.DIED).sum())
    assert run.trace.dropped == 0


@forks
def test_a_forked_child_writes_nothing_into_its_parents_journal() -> None:
    """The child of a fork tracks nothing, can start a run of its own, and the parent's books stay right."""
    with ndmem.track() as run:
        a = np.zeros(1000)
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                b = np.zeros(5000)
                with ndmem.track() as own:
                    c = np.zeros(2000)
                if own.live == c.nbytes and not run._recorder.running and b.size:
                    status = 0
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        d = np.zeros(3000)
    assert run.live == a.nbytes + d.nbytes == 32000

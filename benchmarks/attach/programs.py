"""A program under load, for `under_load.py`: it computes a fixed amount, and prints its result and its speed."""

import hashlib
import sys
import threading
import time

import numpy as np


class Model:
    """Holds arrays as programs do."""

    def __init__(self) -> None:
        self.weights = [np.full((200, 500), float(n)) for n in range(20)]
        self.cache = {f"k{n}": np.arange(20_000.0) + n for n in range(20)}
        self.table = np.zeros((1000, 1000))


MODEL = Model()
GIVEN_NBYTES = 20 * 200 * 500 * 8 + 20 * 20_000 * 8 + 8_000_000


def step(number: int) -> float:
    """Allocate and free a few arrays."""
    local = MODEL.cache[f"k{number % 20}"] * 2
    return float((local + MODEL.weights[number % 20][0, 0]).sum() % 1000)


def work(first: int, count: int) -> float:
    """Do some steps."""
    return sum(step(number) for number in range(first, first + count))


def run_threads(seconds: float) -> float:
    """Let four threads work, while the main thread waits for them."""
    found = [0.0] * 4

    def run(place: int) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            work(place, 50)
        found[place] = work(place, 50)

    threads = [threading.Thread(target=run, args=(place,)) for place in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return sum(found)


def run_asyncio(seconds: float) -> float:
    """Let tasks work in turns."""
    import asyncio

    async def run(place: int) -> float:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            work(place, 5)
            await asyncio.sleep(0.001)
        return work(place, 50)

    async def gather() -> float:
        return sum(await asyncio.gather(*(run(place) for place in range(4))))

    return asyncio.run(gather())


def run_pool(seconds: float) -> float:
    """Let a pool of threads work."""
    from concurrent.futures import ThreadPoolExecutor

    end, found = time.monotonic() + seconds, 0.0
    with ThreadPoolExecutor(3) as pool:
        while time.monotonic() < end:
            found = sum(pool.map(lambda place: work(place, 50), range(12)))
    return found


def run_processes(seconds: float) -> float:
    """Let a pool of processes work."""
    import multiprocessing

    end, found = time.monotonic() + seconds, 0.0
    with multiprocessing.get_context("fork").Pool(2) as pool:
        while time.monotonic() < end:
            found = sum(pool.starmap(work, [(place, 50) for place in range(12)]))
    return found


def run_c_calls(seconds: float) -> float:
    """Call C for a second each time."""
    rounds = 400_000
    begin = time.monotonic()
    hashlib.pbkdf2_hmac("sha256", b"a", b"b", rounds)
    rounds = max(int(rounds / (time.monotonic() - begin)), 1000)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        hashlib.pbkdf2_hmac("sha256", b"a", b"b", rounds)
        work(0, 20)
    return work(0, 50)


KINDS = {
    "threads": run_threads,
    "asyncio": run_asyncio,
    "pool": run_pool,
    "processes": run_processes,
    "C calls": run_c_calls,
}


def rate() -> float:
    """Return steps per second of CPU time, the best of several."""
    best = 0.0
    for _ in range(7):
        begin = time.thread_time()
        work(0, 1500)
        best = max(best, 1500 / (time.thread_time() - begin))
    return best


def main() -> None:
    """Run one kind for some seconds, between two measurements of speed."""
    sys.path.insert(0, str(__file__).rpartition("/")[0])
    from state import state  # what attaching must leave as it is

    before, speed = state(), rate()
    before = state()
    print("ready", GIVEN_NBYTES, flush=True)
    found = KINDS[sys.argv[1]](float(sys.argv[2]))
    print("result", found, flush=True)
    sys.stdin.readline()
    end = time.monotonic() + 2
    while (after := state()) != before and time.monotonic() < end:  # threads of its own pools end a little later
        time.sleep(0.01)
    print("speed", rate() / speed, flush=True)
    print("changed", sorted(name for name in before if before[name] != after[name]), flush=True)


if __name__ == "__main__":
    main()

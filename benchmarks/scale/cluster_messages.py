"""Simulate a large cluster: bytes per worker and second, and the merge of the messages of 1,000 workers.

    python benchmarks/scale/cluster_messages.py [--workers 1000] [--stacks 200] [--minutes 10]

One process makes the messages of a worker whose call tree has many stacks, as a worker would; they are taken and merged
as at the client. The scheduler and the network are not simulated: it has to pass on the bytes.
"""

import argparse
import resource
import time

import numpy as np

from ndmem.model.cluster import TASKS_FILE
from ndmem.model.columns import CallTree, Domain, Tallies
from ndmem.model.site import Site
from ndmem.model.trace import Origin, Peak, RunInfo, Trace, no_compacted
from ndmem.scaling.cluster.gathering import Gathering
from ndmem.scaling.cluster.merge import Place, merge
from ndmem.scaling.cluster.message import Message
from ndmem.scaling.cluster.table import summarise

_MESSAGES_A_MINUTE = 120
_SAMPLES = 5


def make_trace(stacks: int, scale: int) -> Trace:
    """Make the counters of a process: task groups with functions of the user's, five frames deep."""
    sites, parents, site_of = [], [], []
    for number in range(stacks):
        frames = [
            Site("/lib/distributed/worker.py", 2100, 2100, 4, 40, "_run_task"),
            Site(TASKS_FILE, 2, 2, 4, 40, f"group-{number % 20}"),
            Site("/lib/dask/array/core.py", 400, 400, 4, 40, "getter"),
            Site(f"/home/user/project/analysis/step_{number % 7}.py", 10 + number, 10 + number, 8, 60, "compute"),
            Site("/lib/numpy/_core/numeric.py", number, number, 8, 40, "ones"),
        ]
        for depth, site in enumerate(frames):
            parents.append(len(parents) - 1 if depth else -1)
            site_of.append(len(sites))
            sites.append(site)
    leaf = np.arange(len(sites)) % 5 == 4
    nbytes = np.where(leaf, scale * (1 + np.arange(len(sites))), 0).astype(np.int64)
    return Trace(
        origin=Origin.MEASURED,
        run=RunInfo((), "3.15.0", "2.5.0", None, 1, 0.0, 1.0, 4096, library_roots=("/lib",)),
        sites=tuple(sites),
        tree=CallTree(
            np.array(parents, np.int32),
            np.array(site_of, np.int32),
            np.array(site_of, np.int32),
            np.zeros(len(sites), np.int32),
            np.zeros(len(sites), np.bool_),
            np.full(len(sites), Domain.ARRAY, np.uint8),
        ),
        tallies=Tallies(leaf.astype(np.int64), nbytes, nbytes, nbytes, nbytes, nbytes * 0 - 1, nbytes * 0),
        events=None,  # type: ignore[arg-type]  # a table is made of counters alone
        peak=Peak(int(nbytes.sum()), len(sites) - 1, 0),
        compacted=no_compacted(),
    )


def make_messages(worker: int, stacks: int, count: int) -> list[dict[str, object]]:
    """Make the messages of a worker, each with a table, as if its memory always changed."""
    messages: list[dict[str, object]] = []
    table = summarise(make_trace(stacks, worker + 1)).encode()
    for number in range(count):
        about = {
            "workers": [[f"worker-{worker}", f"tcp://10.0.{worker // 250}.{worker % 250}:40000", 2]],
            "pid": worker, "started": 1e9 + worker / 100, "elapsed_s": number / 2, "peak": 10**9, "live": 10**8,
            "stored_at_peak": 10**8, "rss_peak": 2 * 10**9, "python": "3.15.0", "numpy": "2.5.0", "threshold": 4096,
            "resident": {"nbytes": 2 * 10**9, "base_nbytes": 10**8, "array_nbytes": 10**9, "stored_nbytes": 10**8,
                         "freed_nbytes": 10**7},
            "library_roots": ["/lib"], "notes": [], "tasks": {f"group-{group}": number for group in range(20)},
        }  # fmt: skip
        samples = [
            [500 * number + 100 * part, 10**9 + worker * part, 10**8, 2 * 10**9, 10**8] for part in range(_SAMPLES)
        ]
        message = Message(
            track="track", process=f"process-{worker}", sequence=number + 1, final=None, about=about, samples=samples,
            table=table,
        )  # fmt: skip
        messages.append(message.encode())
    return messages


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--stacks", type=int, default=200)
    parser.add_argument("--minutes", type=int, default=10)
    options = parser.parse_args()
    count = options.minutes * _MESSAGES_A_MINUTE
    start = time.perf_counter()
    summarise(make_trace(options.stacks, 1)).encode()
    print(f"a worker makes a table of {options.stacks} stacks in {1000 * (time.perf_counter() - start):.1f} ms")
    gathering, taken_s, before = Gathering("track"), 0.0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for worker in range(options.workers):
        messages = make_messages(worker, options.stacks, count)
        start = time.perf_counter()
        for message in messages:
            gathering.take(message)
        taken_s += time.perf_counter() - start
    number, seconds = gathering.messages, 60 * options.minutes
    print(f"{number:,} messages of {gathering.nbytes / number:,.0f} bytes on average: "
          f"{gathering.nbytes / options.workers / seconds:,.0f} bytes per worker and second")  # fmt: skip
    print(
        f"taken in {taken_s:.1f} s, {1e6 * taken_s / number:.0f} µs each: {taken_s / seconds:.1%} of the client's time"
    )
    start = time.perf_counter()
    trace = merge(gathering, Place(scheduler="tcp://10.0.0.1:8786", dashboard="", pid=1, started=1e9), now=2e9)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"merged in {time.perf_counter() - start:.1f} s: {len(trace.tree):,} nodes; the client took "
          f"{(after - before) / 1024:,.0f} MiB more")  # fmt: skip


if __name__ == "__main__":
    main()

"""Traces of the ranks of a job, written by hand: the arrays that some lines of a program allocate and keep."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.traces import USER, Frame, TraceBuilder

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.ranks.figures import RankFigures, describe_rank
from ndmem.analysis.ranks.job import make_job
from ndmem.model.memory_request import MemoryRequest
from ndmem.model.rank import Rank
from ndmem.model.trace import Trace
from ndmem.model.trace_file.writing import write_trace

MIB = 1024 * 1024

SOURCE = "import numpy as np\na = np.ones(n)\nb = a + 1\nc = np.zeros(m)\n"


def rank_trace(
    number: int,
    arrays: Mapping[int, int],
    *,
    size: int | None = 4,
    job: str | None = "17.0",
    host: str = "node0",
    started: float = 1_700_000_000.0,
    exit_status: int | None = 0,
    rss_peak_nbytes: int | None = None,
    request: MemoryRequest | None = None,
    program: str = "/home/ada/pipeline.py",
) -> Trace:
    """Return the trace of a rank whose lines each allocate an array, by line number, that stays."""
    builder = TraceBuilder()
    for time_s, (lineno, nbytes) in enumerate(arrays.items()):
        builder.born((Frame(USER, lineno),), nbytes, time_s=time_s / 10)
    trace = builder.build(
        sources={USER: SOURCE}, exit_status=exit_status, rss_peak_nbytes=rss_peak_nbytes, program=(program,)
    )
    run = dataclasses.replace(
        trace.run, rank=Rank(number, size, "Slurm", job, host), request=request, started=started, pid=100 + number
    )
    return dataclasses.replace(trace, run=run)


def job_index(traces: Sequence[Trace], notes: Sequence[str] = ()) -> TraceIndex:
    """Return the index of a job: of its rank with most memory, with the figures of all."""
    job = make_job((figures_of(trace) for trace in traces), notes)
    leader = next(trace for trace in traces if trace.run.rank == job.leader.rank)
    return TraceIndex(leader, job=job)


def figures_of(trace: Trace) -> RankFigures:
    """Return the figures of a rank, as if its trace had been read from a file."""
    assert trace.run.rank is not None
    return describe_rank(TraceIndex(trace), trace.run.rank, f"run.{trace.run.rank.label}.ndmem")


def write_ranks(folder: Path, traces: Sequence[Trace], name: str = "run") -> list[Path]:
    """Write the file of each rank."""
    folder.mkdir(exist_ok=True)
    paths = []
    for trace in traces:
        assert trace.run.rank is not None
        paths.append(folder / f"{name}.{trace.run.rank.label}.ndmem")
        write_trace(trace, paths[-1])
    return paths

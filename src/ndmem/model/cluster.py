"""The workers of a cluster whose traces were merged into one."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.units import ADDRESSABLE_NBYTES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

TASKS_FILE = "<dask tasks>"
"""File name of the frames that stand for task groups: the function of such a `Site` is the name of the group."""


class WorkerState(str, enum.Enum):
    """What is known of a worker's end."""

    TRACKED = "tracked"
    """It ran until tracking ended."""

    RETIRED = "retired"
    """It closed before, and sent its last state."""

    LOST = "lost"
    """It sent no last state, as after a kill; its figures are those of its last message."""

    UNTRACKED = "untracked"
    """Tracking did not start on it; `WorkerFigures.problem` says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentParts:
    """Resident memory of a process at the sample in which it was highest.

    Attributes
    ----------
    nbytes : int
        Resident bytes (RSS).
    base_nbytes : int
        Resident bytes when tracking began.
    array_nbytes : int
        Live bytes of arrays.
    stored_nbytes : int
        Of these, arrays of stored keys: the size of the results in memory according to `dask.sizeof`. The others belong
        to running tasks.
    freed_nbytes : int or None
        Bytes that malloc keeps although the program freed them; ``None`` if malloc does not tell.
    """

    nbytes: int
    base_nbytes: int
    array_nbytes: int
    stored_nbytes: int
    freed_nbytes: int | None

    @property
    def running_nbytes(self) -> int:
        """Arrays of running tasks, and of everything else that is not a stored key."""
        return self.array_nbytes - self.stored_nbytes

    @property
    def other_nbytes(self) -> int:
        """Resident bytes that none of the parts explains: Python objects, memory of libraries, messages.

        Negative if pages of arrays were never touched.
        """
        return self.nbytes - self.base_nbytes - self.array_nbytes - (self.freed_nbytes or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFigures:
    """A process of workers: usually one worker; a `LocalCluster` of threads has all of its workers in one process.

    Attributes
    ----------
    name : str
        Names of its workers.
    address : str
        Their addresses.
    pid : int
        Process id.
    state : WorkerState
        What is known of its end.
    problem : str or None
        Why it was not tracked.
    threads : int
        Threads that run tasks.
    started_s, seen_s : float
        When its recording started, and when its last message was sent: seconds after the start of tracking.
    peak_nbytes, live_nbytes, total_nbytes, count : int
        Highest live bytes of its arrays, bytes alive in the last message, bytes and number of all arrays.
    stored_nbytes : int
        Arrays of stored keys in the sample of the peak, see `ResidentParts`.
    resident : ResidentParts or None
        Its resident memory; ``None`` if no message had a sample.
    rss_peak_nbytes : int or None
        The kernel's high-water mark of its resident memory; ``None`` if it is older than the recording.
    node : int
        The root of its call stacks; -1 if it allocated nothing.
    """

    name: str
    address: str
    pid: int
    state: WorkerState
    problem: str | None = None
    threads: int = 0
    started_s: float = 0.0
    seen_s: float = 0.0
    peak_nbytes: int = 0
    live_nbytes: int = 0
    total_nbytes: int = 0
    count: int = 0
    stored_nbytes: int = 0
    resident: ResidentParts | None = None
    rss_peak_nbytes: int | None = None
    node: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The workers of a trace that was merged from theirs, in which the arrays of a peak are those of each worker's own.

    Attributes
    ----------
    scheduler, dashboard : str
        Address of the scheduler, and of its dashboard; empty if it has none.
    workers : tuple of WorkerFigures
        In order of their start.
    tasks : mapping of str to int
        Number of tasks that were started, by task group.
    at_once_nbytes : int
        The highest sum of all workers at one moment, known to the interval of the samples: an upper bound.
    at_once_s : float
        That moment, in seconds after the start.
    interval_s : float
        The longest interval between two samples of one worker, in which the sum took the highest.
    """

    scheduler: str
    dashboard: str
    workers: tuple[WorkerFigures, ...]
    tasks: Mapping[str, int]
    at_once_nbytes: int
    at_once_s: float
    interval_s: float


def read_cluster(fields: Mapping[str, Any] | None, *, nodes: int) -> Cluster | None:
    """Return what a file records; ``None`` for a trace of one process.

    Raises
    ------
    TypeError, ValueError, KeyError
        If the record is not valid.
    """
    if fields is None:
        return None
    return Cluster(
        scheduler=str(fields["scheduler"]),
        dashboard=str(fields["dashboard"]),
        workers=tuple(_read_worker(each, nodes) for each in fields["workers"]),
        tasks={str(group): _read_nbytes(count) for group, count in fields["tasks"].items()},
        at_once_nbytes=_read_nbytes(fields["at_once_nbytes"]),
        at_once_s=float(fields["at_once_s"]),
        interval_s=float(fields["interval_s"]),
    )


def _read_worker(fields: Mapping[str, Any], nodes: int) -> WorkerFigures:
    figures = {name: _read_nbytes(fields[name]) for name in _WORKER_COUNTS}
    node = int(fields["node"])
    if not -1 <= node < nodes:
        raise ValueError("a worker's call stacks are missing")
    resident = fields["resident"]
    return WorkerFigures(
        name=str(fields["name"]),
        address=str(fields["address"]),
        state=WorkerState(fields["state"]),
        problem=None if fields["problem"] is None else str(fields["problem"]),
        started_s=float(fields["started_s"]),
        seen_s=float(fields["seen_s"]),
        resident=None if resident is None else read_resident(resident),
        rss_peak_nbytes=None if fields["rss_peak_nbytes"] is None else _read_nbytes(fields["rss_peak_nbytes"]),
        node=node,
        **figures,
    )


_WORKER_COUNTS = ("pid", "threads", "peak_nbytes", "live_nbytes", "total_nbytes", "count", "stored_nbytes")


def read_resident(fields: Mapping[str, Any]) -> ResidentParts:
    """Return what a file or a message records; errors as of `read_cluster`."""
    names = ("nbytes", "base_nbytes", "array_nbytes", "stored_nbytes")
    freed = fields["freed_nbytes"]
    return ResidentParts(
        **{name: _read_nbytes(fields[name]) for name in names},
        freed_nbytes=None if freed is None else _read_nbytes(freed),
    )


def _read_nbytes(value: object) -> int:
    if type(value) is not int or not 0 <= value < ADDRESSABLE_NBYTES:
        raise ValueError(f"{value!r} is not a number of bytes")
    return value

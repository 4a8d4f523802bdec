"""Track the workers of a Dask cluster.

>>> import distributed, ndmem.dask
>>> client = distributed.Client(processes=False, dashboard_address=None)
>>> with ndmem.dask.track(client) as run:
...     total = client.submit(sum, [1, 2]).result()
>>> client.close()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.errors import MissingError

if TYPE_CHECKING:
    from distributed import Client

    from ndmem.scaling.cluster.tracking import ClusterRun

__all__ = ["track"]


def track(client: Client, *, interval: float = 0.5) -> ClusterRun:
    """Track the arrays of all workers of a Dask cluster, in one run: by line, by task group, by worker.

    Workers that start later are tracked too. Each sends its state now and then: of a worker that was killed, the last
    state is in the run. Workers compute as without tracking, and are left as they were.

    Parameters
    ----------
    client : distributed.Client
        A synchronous client of the cluster, of any kind.
    interval : float
        Seconds between two messages of a worker.

    Returns
    -------
    ClusterRun
        To be used as ``with ndmem.dask.track(client) as run:``, or with ``start()`` and ``stop()``. It is a `Run`:
        ``run.report(by="task")`` and ``by="worker"`` are views that only it has.

    Raises
    ------
    MissingError
        If Dask's distributed is not installed.
    ClientError
        If it is not an open, synchronous client.
    OptionError
        If the interval is not valid.
    TrackingError
        When the block begins: if the cluster is tracked already.
    """
    try:
        from ndmem.scaling.cluster.tracking import ClusterRun
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "ndmem":
            raise
        raise MissingError("Dask's distributed is not installed; install it with: pip install 'ndmem[dask]'") from None
    return ClusterRun(client, interval=interval)

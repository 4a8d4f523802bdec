"""Track a cluster for the time of a ``with`` block."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from typing import TYPE_CHECKING, Any

from distributed import Client

import ndmem
from ndmem.errors import ClientError, OptionError, TrackingError
from ndmem.results.run import Run

from .gathering import Gathering
from .merge import Place, merge
from .message import TOPIC
from .plugin import PLUGIN, ClusterPlugin
from .recording import last_message

if TYPE_CHECKING:
    from types import TracebackType

    from ndmem.model.trace import Trace

_SHORTEST_S = 0.1


class ClusterRun(Run):
    """Run of a cluster's workers: between ``start()`` and ``stop()``, or in a ``with`` block.

    Parameters
    ----------
    client : distributed.Client
        A synchronous client of the cluster.
    interval : float
        Seconds between two messages of a worker.

    Raises
    ------
    ClientError
        If it is not an open, synchronous client.
    OptionError
        If the interval is not a number of seconds of at least 0.1.
    """

    def __init__(self, client: Any, *, interval: float = 0.5) -> None:
        super().__init__()
        _check_client(client)
        number = isinstance(interval, int | float) and not isinstance(interval, bool)  # type: ignore[redundant-expr]
        if not (number and interval >= _SHORTEST_S):
            raise OptionError(f"interval={interval!r} is not valid: pass seconds, {_SHORTEST_S} or more")
        self._client, self._interval_s = client, float(interval)
        self._gathering: Gathering | None = None
        self._place: Place | None = None

    def start(self) -> ClusterRun:
        """Track the workers from now on, also those that start later.

        Raises
        ------
        TrackingError
            If the cluster is tracked already.
        """
        _check_client(self._client)
        if self.running:
            raise TrackingError("it is tracking already; call stop() first")
        _check_owner(self._client)
        client, track = self._client, uuid.uuid4().hex
        self._gathering = gathering = Gathering(track)
        self._place = _describe_place(client)
        self._trace = None
        client.subscribe_topic(TOPIC, lambda event: gathering.take(event[1]))
        client.set_metadata([PLUGIN], client.id)
        client.register_plugin(
            ClusterPlugin(track, version=ndmem.__version__, interval_s=self._interval_s, topic=TOPIC)
        )
        return self

    def stop(self) -> ClusterRun:
        """Stop to track, leave the workers as they were, and merge what they have sent."""
        if self._gathering is None:
            raise TrackingError("nothing was tracked yet; call start() first")
        if self.running:
            self._trace = self._finish(self._gathering)
        return self

    @property
    def running(self) -> bool:
        """Whether it is tracking."""
        return self._gathering is not None and self._trace is None

    def __enter__(self) -> ClusterRun:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def trace(self) -> Trace:
        """The trace merged from those of the workers; while it is tracking, from their messages so far."""
        if self._gathering is None:
            raise TrackingError("nothing was tracked yet; call start() first")
        return self._merge(self._gathering) if self._trace is None else self._trace

    def _finish(self, gathering: Gathering) -> Trace:
        """Stop on the workers and read their last messages; what was pushed counts if the cluster has gone."""
        client = self._client
        # A cluster that was closed inside the block must not hide the exception, or the figures, of the block.
        with contextlib.suppress(Exception):
            client.unregister_worker_plugin(PLUGIN)
        with contextlib.suppress(Exception):
            client.set_metadata([PLUGIN], None)
        with contextlib.suppress(Exception):
            for _, message in client.get_events(TOPIC):
                gathering.take(message)
        with contextlib.suppress(Exception):
            for message in client.run(last_message, gathering.track, on_error="ignore").values():
                gathering.take(message)
        with contextlib.suppress(Exception):
            client.unsubscribe_topic(TOPIC)
        return self._merge(gathering)

    def _merge(self, gathering: Gathering) -> Trace:
        assert self._place is not None  # as the gathering, from the start
        return merge(gathering, self._place, now=time.time())


def _check_client(client: Any) -> None:
    # Of distributed's methods half have no types.
    if not isinstance(client, Client):
        raise ClientError(
            f"ndmem.dask.track() needs a distributed.Client, not {type(client).__name__}; "
            "pass client, as in: client = distributed.Client(...)"
        )
    if client.asynchronous:
        raise ClientError(
            "the client is asynchronous; pass a synchronous one of the same cluster: "
            "distributed.Client(client.scheduler.address)"
        )
    if client.status != "running":
        raise ClientError(f"the client is {client.status}; pass one that is connected to a scheduler")


def _check_owner(client: Any) -> None:
    """Refuse a cluster that a client tracks already, unless that client has gone."""
    owner = client.get_metadata([PLUGIN], default=None)
    if owner is None:
        return

    # Defined here, so that it is pickled with its code: the scheduler may not have ndmem.
    def is_connected(dask_scheduler: Any) -> bool:
        return owner in dask_scheduler.clients

    if client.run_on_scheduler(is_connected):
        raise TrackingError("the cluster is tracked already; leave that ndmem.dask.track() block first")
    with contextlib.suppress(Exception):  # its workers may have gone, too
        client.unregister_worker_plugin(PLUGIN)


def _describe_place(client: Any) -> Place:
    return Place(
        scheduler=client.scheduler.address,
        dashboard=(client.dashboard_link or "") if "dashboard" in client.scheduler_info()["services"] else "",
        pid=os.getpid(),
        started=time.time(),
    )

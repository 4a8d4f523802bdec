"""The plugin that Dask runs on each worker.

This module imports nothing of ndmem, and the plugin is pickled with its code: a worker without ndmem can load it, and
reports why it is not tracked. Dask does not start a worker whose plugins cannot be loaded.
"""

from __future__ import annotations

import os
import pickle
import sys
from typing import TYPE_CHECKING, Any, SupportsIndex

import cloudpickle
from distributed.diagnostics.plugin import WorkerPlugin

if TYPE_CHECKING:
    from distributed import Worker

PLUGIN = "ndmem"
"""Name of the plugin: a cluster has it once."""


class ClusterPlugin(WorkerPlugin):
    """Record the arrays of each worker, from its start or from the registration of the plugin.

    Parameters
    ----------
    track : str
        The `track` block that reads the messages.
    version : str
        Version of ndmem at the client; a worker with another one is not tracked.
    interval_s : float
        Seconds between two messages of a process.
    topic : str
        The topic of the messages.
    """

    name = PLUGIN
    idempotent = True

    def __init__(self, track: str, *, version: str, interval_s: float, topic: str) -> None:
        self.track, self.version, self.interval_s, self.topic = track, version, interval_s, topic
        self._is_inside = False

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        if self._is_inside:
            return super().__reduce_ex__(protocol)
        module = sys.modules[type(self).__module__]
        cloudpickle.register_pickle_by_value(module)
        self._is_inside = True
        try:
            return pickle.loads, (cloudpickle.dumps(self),)
        finally:
            self._is_inside = False
            cloudpickle.unregister_pickle_by_value(module)

    def setup(self, worker: Worker) -> None:
        """Start to track a worker; a failure becomes a message."""
        try:
            import ndmem  # not installed everywhere

            if ndmem.__version__ != self.version:
                raise ImportError(f"it has ndmem {ndmem.__version__}, the client has {self.version}")
            from ndmem.scaling.cluster.recording import join

            join(worker, self.track, interval_s=self.interval_s)
        except Exception as error:  # the plugin must never keep a worker from its work
            worker.log_event(self.topic, {"track": self.track, "problem": str(error), **_describe(worker)})

    def teardown(self, worker: Worker) -> None:
        """Stop to track a worker, and send its last state."""
        leave: Any = getattr(sys.modules.get("ndmem.scaling.cluster.recording"), "leave", None)
        if leave is not None:
            leave(worker, self.track)


def _describe(worker: Worker) -> dict[str, Any]:
    return {"name": str(worker.name), "address": worker.address, "pid": os.getpid(), "threads": worker.state.nthreads}

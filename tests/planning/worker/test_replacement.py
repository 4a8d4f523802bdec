"""A child that replaces one which was killed is as warm as that one was."""

import time
from typing import Any

import numpy as np
import pytest

import ndmem
from ndmem.model.columns import Kind
from ndmem.planning.arguments.bind_specs import bind_arguments
from ndmem.planning.worker.process.fork_or_spawn import choose_child
from ndmem.planning.worker.process.forked import ChildTimeoutError
from ndmem.planning.worker.protocol import Request
from ndmem.tracking.meter import Meter

_TOO_LONG = 7


def test_a_child_that_replaces_a_killed_one_is_warmed_up() -> None:
    """The first call of a process keeps 8,000 bytes; after a child was killed, a call has one array, as the second."""
    kept: list[Any] = []

    def call(n: int) -> Any:
        if not kept:
            kept.append(np.zeros(1000))
        if n == _TOO_LONG:
            time.sleep(60)
        return np.zeros(n)

    meter = Meter()

    def count_arrays(n: int) -> int:
        trace, _ = meter.read(child.ask(Request({"n": n}), 60).parts)
        return int((trace.events.kind == Kind.BORN).sum())

    dims = ndmem.dims(n=1000)
    arguments = bind_arguments(call, (dims.n,), {}, dims=dims)
    with choose_child(call, arguments, meter, memory=2**28, sandbox=False) as child:
        assert [count_arrays(100), count_arrays(200)] == [2, 1]
        with pytest.raises(ChildTimeoutError):
            child.ask(Request({"n": _TOO_LONG}), 1.0)
        assert count_arrays(200) == 1
        child.end()  # on purpose: the next call is a first one
        assert count_arrays(300) == 2

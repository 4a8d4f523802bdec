"""Benchmarks for asv (airspeed velocity) that track the peak of a function's arrays.

The decorator's own name must not begin with ``track``: asv would take it for a benchmark in each file that imports it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ParamSpec

if TYPE_CHECKING:
    from collections.abc import Callable

_Arguments = ParamSpec("_Arguments")


def array_peak(function: Callable[_Arguments, Any]) -> Callable[_Arguments, int]:
    """Make a benchmark of asv that returns the array peak of its body, with the unit bytes.

    Parameters
    ----------
    function : callable
        The body: a function or a method whose name begins with ``track_``, as asv requires. Arrays of ``setup`` do not
        count. Its attributes, such as ``params`` and ``timeout``, are those of the benchmark.

    Returns
    -------
    callable
        The benchmark. Called with the arguments of the body, it returns the highest live bytes of the arrays that the
        body allocates, in all threads.

    Examples
    --------
    >>> import numpy as np
    >>> @array_peak
    ... def track_peak_table(n):
    ...     table = np.empty(n)
    >>> track_peak_table(1000), track_peak_table.unit
    (8000, 'bytes')
    """

    @functools.wraps(function)
    def benchmark(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> int:
        from ndmem.testing.garbage import YoungGarbage
        from ndmem.testing.recording import CodeRecording, Depth

        recording = CodeRecording(Depth.LIGHT)
        YoungGarbage()  # the collector starts each call in the same state
        with recording:
            function(*args, **kwargs)
        return recording.peak

    benchmark.unit = "bytes"  # type: ignore[attr-defined]  # asv reads it from the function
    return benchmark

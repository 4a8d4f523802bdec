"""Time a kernel from inside: without the interpreter's start, NumPy's import and a profiler's own report."""

import builtins
import os
import time
from collections.abc import Callable


def run_timed(kernel: Callable[[], float]) -> None:
    """Run a kernel once and print its answer; with ``KERNEL_TIME=1`` in the environment its times too.

    The answer is printed in full: two runs of one kernel must print the same, profiled or not.

    Parameters
    ----------
    kernel : callable
        Returns one number that depends on all it computed.
    """
    profiled = _decorate_for_memory_profiler(kernel)
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    answer = profiled()
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    print(f"answer {float(answer)!r}")
    if os.environ.get("KERNEL_TIME") == "1":
        # Flushed: a profiler may end the process without doing it.
        print(f"kernel cpu_s={cpu_s:.6f} wall_s={wall_s:.6f}", flush=True)


def _decorate_for_memory_profiler(kernel: Callable[[], float]) -> Callable[[], float]:
    """Mark the kernel with ``@profile``, without which memory_profiler measures nothing."""
    profile = getattr(builtins, "profile", None)
    # Its class, not its module: ``python -m memory_profiler`` runs it as ``__main__``.
    if type(profile).__name__ != "LineProfiler":
        return kernel
    decorated: Callable[[], float] = profile(kernel)  # type: ignore[misc]  # it puts itself in builtins
    return decorated

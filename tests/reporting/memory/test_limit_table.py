"""The memory limits of a process as text."""

from ndmem.platform.limits.machine_limits import Effect, Limit, Limits, Source
from ndmem.reporting.memory.limit_table import write_limits

GIB = 1024**3


def test_the_limit_that_binds_is_marked() -> None:
    """Each limit has a row with its figures and where it was read, one of them an arrow; notes come last."""
    group = Limit(Source.CGROUP, "memory.max", 4 * GIB, GIB, 3 * GIB, Effect.KILLED)
    batch = Limit(Source.BATCH, "MEM", 8 * GIB, None, None, Effect.STATED)
    assert write_limits(Limits((group, batch), ("a file could not be read",))).splitlines() == [
        "   set by        limit  free     beyond it                     read from",
        "→  cgroup        4 GiB  3 GiB    killed                        memory.max",
        "   batch system  8 GiB  unknown  stated, perhaps not enforced  MEM",
        "note: a file could not be read",
    ]

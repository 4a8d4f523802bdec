"""Every limit that binds the memory of this process, with its source and what is free below it."""

import enum
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .batch import batch_limits
from .cgroup import group_limits


class Source(enum.Enum):
    """Origin of a limit."""

    CGROUP = "cgroup"
    RLIMIT = "rlimit"
    BATCH = "batch system"
    RAM = "RAM"
    SWAP = "swap"


class Effect(enum.Enum):
    """What happens to a process that exceeds a limit."""

    KILLED = "killed"
    THROTTLED = "slowed down"
    REFUSED = "MemoryError"
    STATED = "stated, perhaps not enforced"
    RELIEF = "no limit: memory beyond RAM, slow"


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit.

    Attributes
    ----------
    source : Source
        What sets it.
    name : str
        Where it was read: a file, a resource, a variable.
    nbytes : int
        Bytes allowed in all.
    used : int or None
        Bytes that count against it now and cannot be dropped; ``None`` if the system does not say.
    free : int or None
        Bytes that may still be used: `nbytes` less `used`, at least 0.
    effect : Effect
        What happens to a process that exceeds it.
    """

    source: Source
    name: str
    nbytes: int
    used: int | None
    free: int | None
    effect: Effect

    @property
    def binds(self) -> bool:
        """Whether it stops an allocation. Swap does not: it adds memory."""
        return self.effect is not Effect.RELIEF


@dataclass(frozen=True, slots=True)
class Limits:
    """All limits of this process, the one that binds first in front.

    Attributes
    ----------
    all : tuple of Limit
        The limit with the least free bytes first; limits with unknown free bytes, and swap, last.
    notes : tuple of str
        Limits that could not be read, each as a sentence.
    """

    all: tuple[Limit, ...]
    notes: tuple[str, ...] = ()

    @property
    def binding(self) -> Limit | None:
        """The limit with the least free; ``None`` if none is known."""
        return next((limit for limit in self.all if limit.binds and limit.free is not None), None)

    @property
    def free(self) -> int | None:
        """Bytes that this process may still use; ``None`` if no limit is known."""
        return self.binding.free if self.binding else None


def limits(*, root: Path = Path("/"), environment: Mapping[str, str] | None = None) -> Limits:
    """Find every limit on the memory of this process: see `ndmem.limits`."""
    found, notes = _of_groups(root)
    stated, batch_notes = batch_limits(os.environ if environment is None else environment)
    status = _fields(root / "proc/self/status")
    rss = status["VmRSS"] if "VmRSS" in status else _ask_psutil()
    found += [_limit(Source.BATCH, name, nbytes, rss, Effect.STATED) for name, nbytes in stated]
    found += _of_process(status)
    machine, machine_notes = _of_machine(root)
    found += machine
    found.sort(key=lambda limit: (not limit.binds, limit.free is None, limit.free or 0))
    return Limits(tuple(found), tuple(notes + batch_notes + machine_notes))


def _limit(source: Source, name: str, nbytes: int, used: int | None, effect: Effect) -> Limit:
    return Limit(source, name, nbytes, used, None if used is None else max(0, nbytes - used), effect)


def _of_groups(root: Path) -> tuple[list[Limit], list[str]]:
    groups, notes = group_limits(root)
    found = []
    for group in groups:
        used = None if group.used is None else group.used - group.reclaimable
        effect = Effect.THROTTLED if group.throttles else Effect.KILLED
        found.append(_limit(Source.CGROUP, group.file, group.limit, used, effect))
    return found, notes


def _ask_psutil() -> int | None:
    """Return the resident memory on a system without ``/proc``."""
    from ndmem.platform.resident.pages import own_resident_nbytes

    return own_resident_nbytes()


def _of_process(status: Mapping[str, int]) -> list[Limit]:
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return []
    found = []
    for name, field in (("RLIMIT_AS", "VmSize"), ("RLIMIT_DATA", "VmData")):
        number = getattr(resource, name, None)
        soft = resource.RLIM_INFINITY if number is None else resource.getrlimit(number)[0]
        if soft not in (resource.RLIM_INFINITY, -1):
            found.append(_limit(Source.RLIMIT, name, soft, status.get(field), Effect.REFUSED))
    return found


def _of_machine(root: Path) -> tuple[list[Limit], list[str]]:
    memory = _fields(root / "proc/meminfo")
    total, free = memory.get("MemTotal"), memory.get("MemAvailable")
    swap, swap_free = memory.get("SwapTotal"), memory.get("SwapFree")
    if total is None:  # not Linux
        try:
            import psutil
        except ImportError:
            return [], ["the machine's RAM is unknown: install psutil"]
        ram, more = psutil.virtual_memory(), psutil.swap_memory()
        total, free, swap, swap_free = ram.total, ram.available, more.total, more.free
    found = [
        Limit(
            Source.RAM,
            "the machine's RAM",
            total,
            None if free is None else total - free,
            free,
            Effect.KILLED,
        )
    ]
    if swap:
        used = None if swap_free is None else swap - swap_free
        found.append(Limit(Source.SWAP, "the machine's swap", swap, used, swap_free, Effect.RELIEF))
    return found, []


def _fields(path: Path) -> dict[str, int]:
    """Read lines like ``VmSize:  123 kB``; the kernel's kB is 1024 bytes."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return {}
    return {name: int(n) * 1024 for name, n in re.findall(r"^(\w+):\s+(\d{1,18}) kB$", text, re.MULTILINE)}

"""Kills a tracked program at a random moment, and compares what the journal says with the program's own log.

The program writes to a shared mapping before and after each birth and death. What was done is known, and of the one
event that was in flight it is known that it was in flight: the journal may have it or not, and nothing else.
"""

import mmap
import os
import random
import select
import signal
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tests.system.running import NDMEM, started

import ndmem
from ndmem.model.columns import Domain, Kind

_MOST = 4_000_000
"""Events that the log has room for; the program then waits."""

PROGRAM = """\
import mmap, os, random, sys, time
import numpy as np

log = memoryview(mmap.mmap(os.open(sys.argv[1], os.O_RDWR), 0)).cast("q")
chance = random.Random(int(sys.argv[2]))
slots = [None] * 64
count = 0
while count + 3 < len(log):
    slot = chance.randrange(len(slots))
    if slots[slot] is None:
        nbytes = int(4096 * (100_000_000 / 4096) ** chance.random())
        log[3 + count], log[0] = nbytes, count + 1
        slots[slot] = np.empty(nbytes, np.uint8)
    else:
        log[3 + count], log[0] = -slots[slot].nbytes, count + 1
        slots[slot] = None
    count += 1
    log[1] = count
    if count == 1:
        log[2] = os.getpid()
time.sleep(1000)
"""


@dataclass(frozen=True, slots=True)
class Killed:
    """What was left of a program that was killed.

    Attributes
    ----------
    begun, done : int
        Births and deaths that the program had begun, and those it had done.
    expected : (Counter, Counter)
        Number of live arrays by their bytes, after ``done`` and after ``begun``.
    counted_nbytes, last_nbytes : int
        Live bytes as the trace's places have them, and as its last event says.
    found : Counter
        Number of live arrays by their bytes, as the trace's events add up.
    events : int
        Of arrays, in the trace.
    ended : str or None
        How the trace says that it ended.
    """

    begun: int
    done: int
    expected: tuple[Counter[int], Counter[int]]
    counted_nbytes: int
    last_nbytes: int
    found: Counter[int]
    events: int
    ended: str | None

    @property
    def is_exact(self) -> bool:
        """Whether places, events and arrays all agree with the log, up to the one event in flight."""
        allowed = {_sum(each) for each in self.expected}
        return (
            self.done <= self.events <= self.begun
            and self.found == self.expected[self.events - self.done]
            and self.last_nbytes == _sum(self.found)
            and self.counted_nbytes in allowed
        )


def kill_at_random(folder: Path, seed: int, *, with_launcher: bool) -> Killed:
    """Run the program, kill it at a random moment, and read what is left.

    Parameters
    ----------
    folder : Path
        An empty folder.
    seed : int
        Of the program's arrays and of the moment.
    with_launcher : bool
        Kill ``ndmem run`` too, before: nobody then completes the journal.
    """
    (folder / "prog.py").write_text(PROGRAM, "utf-8")
    path = folder / "log"
    with path.open("wb") as file:
        file.truncate(8 * (_MOST + 3))
    command = [sys.executable, NDMEM, "run", "-q", "-o", "t.ndmem", "prog.py", "log", str(seed)]
    with (
        path.open("r+b") as file,
        mmap.mmap(file.fileno(), 0) as mapping,
        memoryview(mapping) as bytes_of_log,
        bytes_of_log.cast("q") as log,
        started(command, cwd=folder) as launcher,
    ):
        while not log[2]:  # until the first array was made
            assert launcher.poll() is None
            select.select([], [], [], 0.01)
        select.select([], [], [], random.Random(seed).uniform(0, 0.5))
        if with_launcher:
            launcher.kill()
            launcher.wait()
        _kill(log[2])
        launcher.wait()
        begun, done, nbytes = log[0], log[1], np.array(log[3 : 3 + log[0]])
    trace = ndmem.load(folder / "t.ndmem").trace
    events = trace.events
    arrays = events.domain == Domain.ARRAY  # of native blocks the program's log knows nothing
    signed = np.where(events.kind == Kind.BORN, events.nbytes, -events.nbytes)[arrays]
    return Killed(
        begun=begun,
        done=done,
        expected=(_alive(nbytes[:done]), _alive(nbytes[:begun])),
        counted_nbytes=trace.live_nbytes,
        last_nbytes=int(events.live[-1]) if len(events) else 0,
        found=_alive(signed),
        events=len(signed),
        ended=trace.run.ended,
    )


def _kill(pid: int) -> None:
    """Kill a process and wait until it is gone; it may be nobody's child."""
    descriptor = os.pidfd_open(pid)
    try:
        os.kill(pid, signal.SIGKILL)
        select.select([descriptor], [], [])
    finally:
        os.close(descriptor)


def _alive(signed_nbytes: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Counter[int]:
    """Count live arrays by their bytes; a death is minus the bytes."""
    alive: Counter[int] = Counter()
    for nbytes in signed_nbytes.tolist():
        alive[abs(nbytes)] += 1 if nbytes > 0 else -1
    return +alive


def _sum(alive: Counter[int]) -> int:
    return sum(nbytes * count for nbytes, count in alive.items())

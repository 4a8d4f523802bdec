"""Looks at the resident memory of a program and its children: the highest is kept, and looking has a price."""

import pytest

from ndmem.platform.resident.proportional import Shares
from ndmem.tracking.launcher import group_rss as module
from ndmem.tracking.launcher.group_rss import GroupSamples

MS = 1_000_000


class Machine:
    """A clock, and processes that the program has at each moment."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_ns = 1000 * MS
        self.spent_ns = 0
        self.price_ns = 0
        self.shares: dict[int, Shares | None] = {1: Shares(9, 9, 0, 0)}
        monkeypatch.setattr(module.time, "monotonic_ns", lambda: self.now_ns)
        monkeypatch.setattr(module.time, "time_ns", lambda: self.now_ns)
        monkeypatch.setattr(module.time, "thread_time_ns", lambda: self.spent_ns)
        monkeypatch.setattr(module, "list_processes", lambda _pid: list(self.shares))
        monkeypatch.setattr(module, "read_shares", self._read)

    def _read(self, pid: int) -> Shares | None:
        self.spent_ns += self.price_ns
        return self.shares[pid]


def test_the_look_that_found_most_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of looks that found 10, 30 and 20 bytes the second is told, with its time and the number of all."""
    machine = Machine(monkeypatch)
    samples = GroupSamples(1)
    for pss in (5, 15, 10):
        machine.now_ns += 20 * MS
        machine.shares = {1: Shares(70, pss, 1, 2), 2: Shares(80, pss, 3, None)}
        samples.take()
    assert samples.describe(started_ns=1000 * MS) == {
        "nbytes": 30,
        "separate_nbytes": 150,
        "shared_memory_nbytes": 4,
        "files_nbytes": None,
        "processes": 2,
        "time_ns": 40 * MS,
        "looks": 3,
    }


def test_a_program_without_children_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """One process alone, or whose children may not be looked at, has no sum."""
    machine = Machine(monkeypatch)
    samples = GroupSamples(1)
    samples.take()
    machine.now_ns += 20 * MS
    machine.shares = {1: Shares(9, 9, 0, 0), 2: None}
    samples.take()
    assert samples.describe(started_ns=0) is None


def test_looks_take_a_hundredth_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks of 20 ms each, asked for every 20 ms of a minute, take 50 ms and 1 % of it, and one look more at most."""
    machine = Machine(monkeypatch)
    machine.shares = {1: Shares(9, 9, 0, 0), 2: Shares(9, 9, 0, 0)}
    machine.price_ns = 10 * MS
    samples = GroupSamples(1)
    for _ in range(3000):
        machine.now_ns += 20 * MS
        samples.take()
    assert 600 * MS <= machine.spent_ns <= (50 + 600 + 20) * MS

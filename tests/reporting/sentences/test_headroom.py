"""What a run was allowed, and what was left."""

from dataclasses import replace

import pytest
from tests.traces import USER, Frame, TraceBuilder

from ndmem.analysis.room import Room, find_room, room_sentence
from ndmem.model.machine_limit import MachineLimit
from ndmem.model.together import Together
from ndmem.model.trace import Origin, Trace

MIB = 1024 * 1024
GROUP = MachineLimit("cgroup", "/sys/fs/cgroup/memory.max", 1024 * MIB, 900 * MIB)
LINE = (Frame(USER, 1),)


def make(**run: object) -> Trace:
    """Return a run with 100 MiB of arrays at its peak, and 50 MiB of native memory with them."""
    builder = TraceBuilder(native_threshold=64 * 1024)
    builder.born(LINE, 100 * MIB)
    builder.native(LINE, 50 * MIB)
    return builder.build(**run)


@pytest.mark.parametrize(
    ("run", "left", "exact"),
    [
        ({"rss_peak_nbytes": 300 * MIB}, 600, True),  # what was free less what was resident
        ({}, 750, False),  # nothing is known of it: less arrays and native blocks
        ({"rss_peak_nbytes": 2000 * MIB}, 0, True),  # never below zero
    ],
)
def test_what_a_limit_left(run: dict[str, int], left: int, exact: bool) -> None:
    """Of what was free when tracking began the highest resident memory is taken away, or what was recorded."""
    assert find_room(make(limit=GROUP, **run)) == Room(1024 * MIB, left * MIB, exact, GROUP)


def test_children_count() -> None:
    """A control group also bounds what the program started: what all had together is taken away."""
    trace = replace(
        make(limit=GROUP, rss_peak_nbytes=300 * MIB), together=Together(500 * MIB, 600 * MIB, 0, 0, 3, 0, 9)
    )
    assert find_room(trace) == Room(1024 * MIB, 400 * MIB, True, GROUP)


def test_resident_memory_says_nothing_of_a_limit_on_addresses() -> None:
    """RLIMIT_AS counts addresses, of which arrays and native blocks are only a part."""
    limit = MachineLimit("rlimit", "RLIMIT_AS", 1024 * MIB, 1000 * MIB)
    assert find_room(make(limit=limit, rss_peak_nbytes=300 * MIB)) == Room(1024 * MIB, 850 * MIB, False, limit)


def test_a_budget_comes_before_the_limit() -> None:
    """A budget counts arrays and native blocks; of code tracked from inside it may count older ones, too."""
    assert find_room(make(limit=GROUP, budget_nbytes=200 * MIB)) == Room(200 * MIB, 50 * MIB, True, None)
    assert find_room(make(budget_nbytes=200 * MIB, program=())) == Room(200 * MIB, 50 * MIB, False, None)


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        ({"budget_nbytes": 200 * MIB}, "Of the budget of 200 MiB, 50 MiB was left"),
        ({"budget_nbytes": 200 * MIB, "program": ()}, "Of the budget of 200 MiB, at most 50 MiB was left"),
        ({"budget_nbytes": 150 * MIB, "program": ()}, "Of the budget of 150 MiB, nothing was left"),
        ({"limit": GROUP}, "Of the 1 GiB that its control group allowed, at most 750 MiB was left"),
        (
            {"limit": replace(GROUP, source="RAM"), "rss_peak_nbytes": 300 * MIB},
            "Of the 1 GiB that the machine had, 600 MiB was left",
        ),
        (
            {"limit": GROUP, "origin": Origin.PREDICTED},
            "Of the 1 GiB that its control group allowed, at most 750 MiB would be left",
        ),
        ({"limit": replace(GROUP, source="a newer one")}, "Of the 1 GiB that was allowed, at most 750 MiB was left"),
        ({}, None),
    ],
)
def test_the_sentence(run: dict[str, object], sentence: str | None) -> None:
    """It says who allowed how much and what was left; nothing where nothing was recorded."""
    assert room_sentence(make(**run)) == sentence

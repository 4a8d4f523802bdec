"""Headroom of a run: the limit or budget, and what stayed free."""

from dataclasses import replace

import pytest
from tests.traces import USER, Frame, TraceBuilder

from ndmem.analysis.answer.headroom import Headroom, find_headroom
from ndmem.analysis.index import TraceIndex
from ndmem.model.machine_limit import MachineLimit
from ndmem.model.together import Together
from ndmem.model.trace import Origin, Trace
from ndmem.reporting.sentences.headroom import headroom_sentence

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
    ("run", "left", "least"),
    [
        ({"rss_peak_nbytes": 300 * MIB}, 600, True),  # what was free less what was resident
        ({}, 750, False),  # nothing is known of it: less arrays and native blocks
        ({"rss_peak_nbytes": 2000 * MIB}, 0, True),  # never below zero
    ],
)
def test_what_a_limit_left(run: dict[str, int], left: int, least: bool) -> None:
    """Of what was free when tracking began the highest resident memory is taken away, or what was recorded."""
    assert find_headroom(TraceIndex(make(limit=GROUP, **run))) == Headroom(1024 * MIB, left * MIB, least, GROUP)


def test_children_count() -> None:
    """A control group also bounds what the program started: what all had together is taken away."""
    trace = replace(
        make(limit=GROUP, rss_peak_nbytes=300 * MIB), together=Together(500 * MIB, 600 * MIB, 0, 0, 3, 0, 9)
    )
    assert find_headroom(TraceIndex(trace)) == Headroom(1024 * MIB, 400 * MIB, True, GROUP)


def test_resident_memory_says_nothing_of_a_limit_on_addresses() -> None:
    """RLIMIT_AS counts addresses, of which arrays and native blocks are only a part."""
    limit = MachineLimit("rlimit", "RLIMIT_AS", 1024 * MIB, 1000 * MIB)
    assert find_headroom(TraceIndex(make(limit=limit, rss_peak_nbytes=300 * MIB))) == Headroom(
        1024 * MIB, 850 * MIB, False, limit
    )


def test_a_budget_comes_before_the_limit() -> None:
    """A budget counts arrays and native blocks; of a tracked block it may count older ones, too."""
    whole, block = make(limit=GROUP, budget_nbytes=200 * MIB), make(budget_nbytes=200 * MIB, program=())
    assert find_headroom(TraceIndex(whole)) == Headroom(200 * MIB, 50 * MIB, True, None)
    assert find_headroom(TraceIndex(block)) == Headroom(200 * MIB, 50 * MIB, False, None)


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        ({"budget_nbytes": 200 * MIB}, "Budget 200 MiB; at least 50 MiB stayed free"),
        ({"budget_nbytes": 200 * MIB, "program": ()}, "Budget 200 MiB; at most 50 MiB stayed free"),
        ({"budget_nbytes": 150 * MIB, "program": ()}, "Budget 150 MiB; nothing stayed free"),
        ({"limit": GROUP}, "Control group limit 1 GiB; at most 750 MiB stayed free"),
        (
            {"limit": replace(GROUP, source="RAM"), "rss_peak_nbytes": 300 * MIB},
            "Machine limit 1 GiB; at least 600 MiB stayed free",
        ),
        (
            {"limit": GROUP, "origin": Origin.PREDICTED},
            "Control group limit 1 GiB; at most 750 MiB would stay free",
        ),
        ({"limit": replace(GROUP, source="a newer one")}, "Limit 1 GiB; at most 750 MiB stayed free"),
        ({}, None),
    ],
)
def test_the_sentence(run: dict[str, object], sentence: str | None) -> None:
    """It names the limit and how much stayed free; nothing where nothing was recorded."""
    assert headroom_sentence(TraceIndex(make(**run))) == sentence

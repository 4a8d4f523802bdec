"""How a run ended, in words."""

import pytest
from tests.traces import NUMPY, USER, Frame, TraceBuilder

from ndmem.analysis.answer.ending import find_last_event
from ndmem.analysis.index import TraceIndex
from ndmem.model.ending import Ending
from ndmem.model.trace import Trace
from ndmem.reporting.sentences.ending import ending_sentence

MIB = 2**20
SOURCE = "import numpy as np\ndef grow(n):\n    x = np.ones(n)\n    y = x.mean()\n    return y\ngrow(5)\n"
CALL = Frame(USER, 6)


def build(**how: object) -> Trace:
    """Two arrays are allocated in line 3; the first is freed in a library function that line 4 called, after 2.5 s."""
    builder = TraceBuilder()
    first = builder.born((CALL, Frame(USER, 3, "grow")), 200 * MIB, time_s=1.0)
    builder.born((CALL, Frame(USER, 3, "grow")), 100 * MIB, time_s=2.0)
    builder.died(first, (CALL, Frame(USER, 4, "grow"), Frame(NUMPY, 9, "_mean")), time_s=2.5)
    return builder.build(sources={USER: SOURCE}, **how)


LAST = "at 100 MiB: one array of 100 MiB; last seen at pipeline.py:4 in grow, after 2.5 s: `y = x.mean()`"


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"exit_status": -9}, f"Killed by SIGKILL {LAST}"),
        ({"exit_status": -11}, f"Killed by SIGSEGV {LAST}"),
        ({"exit_status": -999}, f"Killed by signal 999 {LAST}"),
        (
            {"exit_status": None, "ending": Ending.LOST},
            f"Ended unexpectedly (no exit record) {LAST}",
        ),
        ({"exit_status": None, "ending": Ending.RUNNING}, f"Still running {LAST}"),
        (
            {"exit_status": None, "ending": Ending.UNKNOWN},
            f"End unknown (its process is not visible from here) {LAST}",
        ),
        ({"exit_status": 0}, None),
        ({"exit_status": 1}, None),
        ({"exit_status": None, "ending": Ending.EXIT}, None),
        ({"exit_status": None}, None),
    ],
)
def test_how_a_run_ended(how: dict[str, object], expected: str | None) -> None:
    """The sentence has the way a run was cut short, its live arrays and the user's last line; other runs have none."""
    assert ending_sentence(TraceIndex(build(**how))) == expected


def test_nothing_alive_and_nothing_made() -> None:
    """A killed run without live arrays, or without any, says so instead of naming none."""
    builder = TraceBuilder()
    assert ending_sentence(TraceIndex(builder.build(exit_status=-9))) == "Killed by SIGKILL; no array was allocated"
    builder.died(builder.born((CALL,), MIB, time_s=0.5), (CALL,), time_s=0.5)
    sentence = ending_sentence(TraceIndex(builder.build(exit_status=-9)))
    assert sentence == "Killed by SIGKILL at 0 B: nothing was live; last seen at pipeline.py:6, after 0.5 s"
    small = TraceBuilder()
    small.born((CALL,), 10)
    sentence = ending_sentence(TraceIndex(small.build(exit_status=-9)))
    assert sentence == "Killed by SIGKILL at 10 B: all of it in arrays smaller than 4 KiB"
    assert find_last_event(TraceIndex(small.build())) is None


def test_an_ending_in_a_word() -> None:
    """The word for tools has the signal's number, and is None for ndmem.track() block."""
    assert build(exit_status=-9).run.ended == "signal 9"
    assert build(exit_status=3).run.ended == "exit"
    assert build(exit_status=None, ending=Ending.LOST).run.ended == "lost"
    assert build(exit_status=None).run.ended is None

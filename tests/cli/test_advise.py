"""``ndmem advise`` and ``ndmem run --advise``."""

import json
from pathlib import Path

import pytest
from tests.system.running import Place, write_program
from tests.system.tracked import TrackedRuns

# `values` has 1,000,000 bytes; so have its square, and the new `values` of the last line.
PROGRAM = """
import numpy as np
values = np.ones(125_000)
print(np.square(values).sum())
kept = np.ones(125_000)
values = values * 2
assert kept.size == values.size
"""
CLEAN = "import numpy as np\nvalues = np.ones(125_000)\n"
KILLED = """
import os, signal
import numpy as np
values = np.ones(125_000)
print(np.square(values).sum(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def advise(place: Place, *arguments: str) -> str:
    """Return what ``ndmem advise`` prints."""
    done = place.run_ndmem("advise", *arguments)
    assert (done.status, done.stderr) == (0, b"")
    return done.stdout.decode()


def test_the_command_prints_text_and_json(tracked: TrackedRuns) -> None:
    """The command prints each finding as text, as many as are asked for, and all of them as JSON."""
    tracks = tracked(PROGRAM)
    text = advise(tracks.place, str(tracks.path))
    document = json.loads(advise(tracks.place, str(tracks.path), "--json"))
    assert [each["rule"] for each in document["findings"]] == ["NM102"]
    # The sum is an array of 8 bytes.
    assert document["findings"][0]["saving"]["peak_nbytes"] == pytest.approx(1_000_000, abs=100)
    assert document["findings"][0]["evidence"]["peak_after_nbytes"] == pytest.approx(2_000_000, abs=100)
    assert "       values *= 2\n" in text
    assert "saves 977 KiB of the peak: the next peak is 1.91 MiB (verified by replay)\n" in text
    assert advise(tracks.place, str(tracks.path), "--rows", "1") == text


@pytest.mark.long
def test_a_run_can_end_with_its_advice(tmp_path: Path) -> None:
    """``ndmem run --advise`` prints the advice after the report, with --quiet alone; the output is the program's."""
    write_program(tmp_path, PROGRAM)
    place = Place(tmp_path)
    loud = place.run_ndmem("run", "--advise", "-o", "a.ndmem", "prog.py")
    quiet = place.run_ndmem("run", "--advise", "--quiet", "-o", "b.ndmem", "prog.py")
    assert loud.stdout == quiet.stdout == b"125000.0\n"
    assert loud.stderr.endswith(b"\n" + quiet.stderr)
    assert loud.stderr.count(b"What to change") == 1
    assert quiet.stderr.decode() == advise(place, "b.ndmem")


@pytest.mark.long
@pytest.mark.parametrize("source", [CLEAN, "print('no array')\n", "import numpy\n"], ids=["clean", "none", "empty"])
def test_nothing_to_advise_is_said_where_advice_was_asked_for(source: str, tmp_path: Path) -> None:
    """A program with nothing to change, or without any array, gets one line; its plain report has no such line."""
    write_program(tmp_path, source)
    place = Place(tmp_path)
    asked = place.run_ndmem("run", "--advise", "--quiet", "-o", "a.ndmem", "prog.py")
    plain = place.run_ndmem("run", "-o", "b.ndmem", "prog.py")
    assert asked.stderr == b"Nothing to advise.\n"
    assert b"advise" not in plain.stderr
    assert advise(place, "a.ndmem") == "Nothing to advise.\n"
    document = json.loads(advise(place, "a.ndmem", "--json"))
    assert (document["findings"], set(document)) == ([], {"findings", "not_leaked"})


def test_advice_on_a_killed_program_says_so(tmp_path: Path) -> None:
    """A record that stops before the program's end has advice on what was recorded, below how it ended."""
    write_program(tmp_path, KILLED)
    place = Place(tmp_path)
    place.run_ndmem("run", "--quiet", "-o", "a.ndmem", "prog.py")
    lines = advise(place, "a.ndmem").splitlines()
    assert lines[0].startswith("Killed by SIGKILL at 977 KiB")
    assert any("(NM101)" in line for line in lines)

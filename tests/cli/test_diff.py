"""``ndmem diff`` as a person types it."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.system.running import Outcome, Place

import ndmem


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder with two saved runs: the second one's peak is twice the first one's."""
    for name, length in (("a.ndmem", 1000), ("b.ndmem", 2000)):
        with ndmem.track() as run:
            held = np.zeros(length)
        assert held.nbytes == 8 * length
        run.save(tmp_path / name)
        del held
    return Place(tmp_path)


def diff(place: Place, *words: str) -> Outcome:
    """Run the command."""
    return place.run_ndmem("diff", *words)


def test_it_prints_what_is_different(place: Place) -> None:
    """The peaks stand in the first line: 8,000 and 16,000 bytes."""
    done = diff(place, "a.ndmem", "b.ndmem")
    assert (done.status, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"Peak: 7.81 KiB, then 15.6 KiB: 7.81 KiB more (+100 %).\n")


def test_a_run_and_itself_have_no_difference(place: Place) -> None:
    """One sentence, and no check fails."""
    done = diff(place, "a.ndmem", "a.ndmem", "--fail-above", "0%")
    assert (done.status, done.stdout) == (0, b"No difference: every figure is the same in both runs.\n")


@pytest.mark.parametrize(("part", "status"), [("99%", 1), ("100%", 0), ("99.9 %", 1)])
def test_growth_above_a_part_fails(place: Place, part: str, status: int) -> None:
    """Twice as much is 100 % more: not above 100 %, but above 99.9 %; the report is printed all the same."""
    done = diff(place, "a.ndmem", "b.ndmem", "--fail-above", part)
    assert done.status == status
    assert done.stdout.startswith(b"Peak: ")
    assert done.stderr.startswith(b"ndmem: the peak grew from 7.81 KiB to 15.6 KiB") == bool(status)
    assert diff(place, "b.ndmem", "a.ndmem", "--fail-above", "0%").status == 0


def test_json_goes_to_a_file(place: Place) -> None:
    """``-o`` writes the JSON and prints nothing."""
    done = diff(place, "a.ndmem", "b.ndmem", "--format", "json", "-o", "out.json")
    assert (done.status, done.stdout, done.stderr) == (0, b"", b"")
    assert json.loads((place.folder / "out.json").read_text("utf-8"))["peak_nbytes"] == {"before": 8000, "after": 16000}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ("a.ndmem", "AFTER is missing; write for example: ndmem diff before.ndmem after.ndmem"),
        ("a.ndmem b.ndmem --fail-above much", "'much' is not a percentage; write for example 5% or 0.5%"),
        ("a.ndmem b.ndmem --fail-above -5%", "'-5%' is not a percentage"),
        ("a.ndmem b.ndmem --by stack", "stack"),
        ("a.ndmem b.ndmem --format json --by line", "--by needs --format text"),
        ("a.ndmem b.ndmem -o b.ndmem", "'b.ndmem' is one of the runs; choose another path with -o"),
        ("a.ndmem nowhere.ndmem", "nowhere.ndmem"),
    ],
)
def test_bad_usage_is_one_line(place: Place, arguments: str, word: str) -> None:
    """A mistake is answered by one line with its reason and exit status 2."""
    done = diff(place, *arguments.split())
    assert (done.status, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)
    assert word in done.stderr.decode()

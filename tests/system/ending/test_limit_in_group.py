"""``ndmem run --limit auto`` where a control group binds: the error comes before the kernel's killer."""

import shlex
import sys
from pathlib import Path

import pytest
from tests.system.running import NDMEM, Outcome, Place, write_program

from .control_group import make_group

GROW = """
import numpy as np
kept = []
while True:
    kept.append(np.ones(10 * 2**17))
"""
ZEROS = """
import numpy as np
import ndmem
with ndmem.limit("auto", resident={resident}):
    kept = [np.zeros(250_000_000) for _ in range(100)]
print(len(kept))
"""


def run_inside(group: Path, place: Place, *words: str) -> Outcome:
    """Run a command as a member of a group."""
    return place.run("sh", "-c", f"echo $$ > {group / 'tasks'}; exec {shlex.join(words)}")


@pytest.mark.long
def test_a_program_ends_by_an_error_instead_of_being_killed(tmp_path: Path) -> None:
    """With 300 MiB for the group the array that does not fit any more is refused, with the report of what was there."""
    place, program = Place(tmp_path), write_program(tmp_path, GROW)
    with make_group(300 * 2**20) as group:
        killed = run_inside(group, place, sys.executable, program)
        refused = run_inside(group, place, NDMEM, "run", "--limit", "auto", "-o", "t.ndmem", program)
    assert killed.status == -9
    assert (refused.status, refused.stdout) == (1, b"")
    text = refused.stderr.decode()
    assert "ndmem.errors.BudgetExceeded: 10 MiB more at prog.py:5 in <module> would exceed the budget of 2" in text
    assert "\nPeak 2" in text


def test_untouched_zeros_are_refused_as_asked_for_and_not_as_pages(tmp_path: Path) -> None:
    """200 GB of zeros in a group of 300 MiB: refused by a plain budget, and there with resident=True."""
    place = Place(tmp_path)
    with make_group(300 * 2**20) as group:
        refused = run_inside(group, place, sys.executable, write_program(tmp_path, ZEROS.format(resident=False)))
        allowed = run_inside(group, place, sys.executable, write_program(tmp_path, ZEROS.format(resident=True)))
    assert refused.status == 1
    assert b"BudgetExceeded: 1.86 GiB more at prog.py:5" in refused.stderr
    assert (allowed.status, allowed.stdout, allowed.stderr) == (0, b"100\n", b"")

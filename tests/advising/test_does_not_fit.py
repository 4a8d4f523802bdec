"""Advice for runs that were refused memory, were killed, or came near a limit: the numbers are those of the run."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import ndmem

if TYPE_CHECKING:
    from pathlib import Path

    from ndmem.model.advice.finding import Finding

MIB = 2**20

_REFUSED = """
import numpy as np
held = np.ones((2, 1024, 1024))
table = np.zeros((4096, 1024, 8))
"""

_KILLED = """
import os, signal
import numpy as np
table = np.ones((4096, 512))
other = np.arange(4096.0)
os.kill(os.getpid(), signal.{})
"""

_NEAR = """
import numpy as np
table = np.ones((4096, 512))
print(table.sum())
"""


def _advise(text: str, folder: Path, limit: str) -> list[Finding]:
    """Return the findings of the rule for a program under a limit of arrays."""
    (folder / "program.py").write_text(text)
    command = [sys.executable, "-m", "ndmem", "run", "-q", "--no-native", "--limit", limit, "-o", "run.ndmem"]
    subprocess.run([*command, "program.py"], cwd=folder, capture_output=True, timeout=120, check=False)
    return [finding for finding in ndmem.advise(ndmem.load(folder / "run.ndmem")) if finding.rule == "NM803"]


@pytest.mark.long
def test_a_refused_array_is_divided_into_rows_that_fit(tmp_path: Path) -> None:
    """Of 48 MiB, 32 are left beside an array of 16: 16 MiB, half of that, are 256 of 4096 rows of 64 KiB."""
    (found,) = _advise(_REFUSED, tmp_path, "48MiB")
    assert found.site.lineno == 4
    assert found.evidence["block_rows"] == 256
    assert found.evidence["nbytes"] == 256 * MIB
    assert found.saving.peak_nbytes == 240 * MIB
    assert 0 <= found.peak_after_nbytes - 32 * MIB < 1000  # small arrays of the imports are live, too
    assert found.proof.value == "estimated"


@pytest.mark.long
def test_a_killed_run_has_blocks_of_what_was_live(tmp_path: Path) -> None:
    """16 MiB and 32 KiB of 4096 rows were live of 1 GiB: as nothing says how much was missing, they are left alone."""
    assert _advise(_KILLED.format("SIGKILL"), tmp_path, "1GiB") == []


@pytest.mark.long
def test_a_run_killed_at_its_limit_has_blocks(tmp_path: Path) -> None:
    """Of 17 MiB, the arrays of 4096 rows had 16 MiB and 32 KiB: half of 17 MiB are 2172 rows of 4104 bytes."""
    (found,) = _advise(_KILLED.format("SIGKILL"), tmp_path, "17MiB")
    assert found.evidence["rows"] == 4096
    assert abs(int(str(found.evidence["block_rows"])) - 17 * MIB // 2 // 4104) <= 1
    assert "killed" in found.message


@pytest.mark.long
@pytest.mark.parametrize(
    ("text", "limit"),
    [
        (_NEAR, "24MiB"),
        (_KILLED.format("SIGTERM"), "32MiB"),
        ("import numpy as np\ntable = np.ones((4096, 512))\nraise MemoryError('no')\n", "32MiB"),
        ("import numpy as np\nparts = [np.ones(2**17 + number) for number in range(18)]\n", "19MiB"),
    ],
    ids=["room is left", "ended by the user", "an error of its own", "no common axis"],
)
def test_a_run_that_fits_or_has_no_rows_has_no_finding(text: str, limit: str, tmp_path: Path) -> None:
    """Nothing is said where memory was left, where something else ended the run, and of arrays with no common axis."""
    assert _advise(text, tmp_path, limit) == []

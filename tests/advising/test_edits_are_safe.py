"""Programs in which a careless edit would change what is printed: what is safe is edited, the rest is left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.advising.test_corpus import advise

from ndmem.advising.edits.applying import apply_edit
from ndmem.advising.edits.combining import combine

PROGRAMS = {
    name: text
    for part in (Path(__file__).parent / "tricky_programs.txt").read_text("utf-8").split("=== ")[1:]
    for name, _, text in [part.partition("\n")]
}


@pytest.mark.long
@pytest.mark.parametrize("name", PROGRAMS)
def test_no_edit_changes_what_a_program_prints(name, tmp_path):
    """Each edit alone, and all that can be made together, leave output and exit status as they were."""
    program = tmp_path / "prog.py"
    program.write_text(f"import numpy as np\n{PROGRAMS[name]}")
    was = advise(program, tmp_path)
    edits = [finding.edit for finding in was.findings if finding.edit is not None]
    texts = [apply_edit(program.read_text(), edit) for edit in edits]
    for text in {*texts, combine(program.read_text(), edits).text} - {None}:
        (tmp_path / "edited.py").write_text(text)
        done = subprocess.run(
            [sys.executable, "edited.py"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
        )
        assert (done.returncode, done.stdout) == (0, was.output), text + done.stderr


@pytest.mark.parametrize("name", ["names", "self_mean", "fstring"])
def test_what_is_safe_is_edited(name, tmp_path):
    """The test above would also hold without any edit: these programs have one."""
    program = tmp_path / "prog.py"
    program.write_text(f"import numpy as np\n{PROGRAMS[name]}")
    assert any(finding.edit is not None for finding in advise(program, tmp_path).findings)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("broadcast_product", "NM101"),
        ("product_plus", "NM101"),
        ("scaled", "NM101"),
        ("int_positions", "NM104"),
        ("twice_rebound", "NM303"),
        ("twice_deleted", "NM303"),
    ],
)
def test_code_that_would_be_wrong_is_not_shown(name, rule, tmp_path):
    """Products that broadcast or go on, integers as positions, and results that are bound anew have no such fix."""
    program = tmp_path / "prog.py"
    program.write_text(f"import numpy as np\n{PROGRAMS[name]}")
    assert [finding.fix for finding in advise(program, tmp_path).findings if finding.rule == rule and finding.fix] == []

"""``ndmem advise --diff``: a patch on stdout, everything else on stderr, and no file is written."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.system.running import Outcome, Place

import ndmem

# The copy of 1,000,000 bytes is never written; the sum of squares needs as many bytes once more.
PROGRAM = """\
import numpy as np
values = np.random.default_rng(1).random(125_000)
shown = values.copy()
print(f"{np.square(shown).sum():.3f} {values.max():.3f}")
"""
FIXED = PROGRAM.replace("values.copy()", "values").replace("np.square(shown).sum()", "np.vdot(shown, shown)")


def run(folder: Path, text: str | bytes, name: str = "prog.py", *arguments: str) -> Place:
    """Write a program and record it."""
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    place = Place(folder)
    assert place.run_ndmem("run", "-q", "-o", "run.ndmem", name, *arguments).status == 0
    return place


def diff(place: Place) -> Outcome:
    """Print the patch; it ends with status 0."""
    done = place.run_ndmem("advise", "run.ndmem", "--diff")
    assert done.status == 0
    return done


def apply(folder: Path, patch: bytes, *command: str) -> None:
    """Apply a patch in a folder."""
    done = subprocess.run(command, input=patch, cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr + patch


@pytest.mark.parametrize("command", [("git", "apply"), ("patch", "-p1", "-s")], ids=lambda words: words[0])
def test_the_patch_makes_all_fixes_and_can_be_applied(command: tuple[str, ...], tmp_path: Path) -> None:
    """`git apply` and ``patch`` turn the program into the fixed one; the command itself writes no file."""
    place = run(tmp_path, PROGRAM, "my prog.py")
    before = sorted(tmp_path.iterdir())
    done = diff(place)
    assert done.stderr == b""
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "my prog.py").read_text() == PROGRAM
    apply(tmp_path, done.stdout, *command)
    assert (tmp_path / "my prog.py").read_text() == FIXED


def test_line_ends_and_encoding_of_the_file_stay(tmp_path: Path) -> None:
    """A file with CRLF, a byte order mark and no line end at its end is changed in the lines of the fix alone."""
    text = "\ufeff# é\n" + PROGRAM.rstrip("\n")
    place = run(tmp_path, text.replace("\n", "\r\n"))
    apply(tmp_path, diff(place).stdout, "git", "apply")
    fixed = "\ufeff# é\n" + FIXED.rstrip("\n")
    assert (tmp_path / "prog.py").read_bytes() == fixed.replace("\n", "\r\n").encode()


def test_findings_without_an_edit_are_named_on_stderr(tmp_path: Path) -> None:
    """What cannot be changed mechanically is named on stderr with a next step; stdout has nothing then."""
    loop = "import numpy as np\na = np.ones(0)\nfor _ in range(9):\n    a = np.append(a, np.ones(50_000))\n"
    done = diff(run(tmp_path, loop))
    assert done.stdout == b""
    assert done.stderr.decode().startswith("ndmem: not in the patch: prog.py:4 (NM501): no edit can be made by itself;")


def test_a_file_that_changed_is_named_on_stderr(tmp_path: Path) -> None:
    """If the file has changed since the run, the patch is that of the recorded text, and stderr says so."""
    place = run(tmp_path, PROGRAM)
    unchanged = diff(place).stdout
    (tmp_path / "prog.py").write_text(f"# new\n{PROGRAM}")
    done = diff(place)
    assert done.stdout == unchanged
    assert b"prog.py is not what it was when the program ran" in done.stderr


def test_a_file_outside_the_folder_is_left_out(tmp_path: Path) -> None:
    """A patch has no names with ``..``: a file outside the working folder is named on stderr, with where to go."""
    run(tmp_path, PROGRAM)
    (tmp_path / "inner").mkdir()
    done = Place(tmp_path / "inner").run_ndmem("advise", "../run.ndmem", "--diff")
    assert (done.status, done.stdout) == (0, b"")
    assert f"run ndmem advise --diff in {tmp_path}" in done.stderr.decode()


def test_code_that_is_in_no_file_has_no_patch(tmp_path: Path) -> None:
    """The code of ``-c`` is in no file: the patch is empty, and stderr says what to do."""
    place = Place(tmp_path)
    assert place.run_ndmem("run", "-q", "-o", "run.ndmem", "-c", PROGRAM).status == 0
    done = diff(place)
    assert done.stdout == b""
    assert b"its code is in no file; change it where you typed it" in done.stderr


def test_the_python_face_has_the_same_patch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``Findings.to_patch()`` returns what the command prints."""
    place = run(tmp_path, PROGRAM)
    monkeypatch.chdir(tmp_path)
    assert ndmem.advise("run.ndmem").to_patch().encode() == diff(place).stdout


@pytest.mark.parametrize("option", [["--json"], ["--try"], ["--rows", "2"]])
def test_a_patch_excludes_other_forms(option: list[str], tmp_path: Path) -> None:
    """With --diff nothing else can be asked for."""
    done = Place(tmp_path).run_ndmem("advise", "--diff", *option)
    assert done.status == 2
    assert done.stderr == b"ndmem: --diff prints a patch alone; leave out --json, --rows and --try\n"

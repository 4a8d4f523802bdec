"""The first screen of the README."""

import re
import shutil
from pathlib import Path

from tests.documents.documents import ROOT, commands, python_examples, run_command

README = ROOT / "README.md"


def test_the_first_example_is_what_the_program_prints(tmp_path: Path) -> None:
    """The program's own line, the answer, the finding and the lines are, byte for byte, what the README shows."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    first = commands(README)[0]
    printed = run_command(first.source, tmp_path)
    beginning, rest = (first.output or "").split("\n…\n")
    assert first.source == "ndmem run examples/thirty_seconds.py"
    assert "\nPeak 183 MiB: 3 arrays of 61 MiB, including one temporary of\n" in beginning
    assert "saves 61 MiB of the peak: the next peak is 122 MiB" in rest
    assert printed.startswith(beginning + "\n")
    assert rest in printed


def test_the_shown_program_is_the_one_that_runs() -> None:
    """The README's first program is the file that its first command runs."""
    assert python_examples(README)[0].source == (ROOT / "examples/thirty_seconds.py").read_text("utf-8")


def test_the_promised_saving_is_real(tmp_path: Path) -> None:
    """Centring in place, as the README advises, has the peak that it names."""
    source = (ROOT / "examples/thirty_seconds.py").read_text("utf-8")
    assert "`table -= table.mean(axis=0)`" in README.read_text("utf-8")
    (tmp_path / "in_place.py").write_text(
        source.replace("centred = table - table.mean(axis=0)", "table -= table.mean(axis=0)\ncentred = table"), "utf-8"
    )
    printed = run_command("ndmem run in_place.py", tmp_path)
    assert "largest value: 1.736\nPeak 122 MiB: " in printed


def test_the_example_fits_a_terminal() -> None:
    """No line of the shown report is wider than 80 columns."""
    shown = (commands(README)[0].output or "").splitlines()
    assert [line for line in shown if len(line) > 80] == []


def test_the_two_commands_are_on_the_first_screen() -> None:
    """`make demo` and `make test` come before the first heading and are targets of the Makefile."""
    text = README.read_text("utf-8")
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert "make demo\nmake test\n" in text[: text.index("\n## ")]
    assert {"demo", "test"} <= targets

"""The first screen of the README."""

import re
import shutil
from pathlib import Path

from tests.system.documents import ROOT, commands, run_command

README = ROOT / "README.md"


def test_the_first_example_is_what_the_program_prints(tmp_path: Path) -> None:
    """The program's own lines and the first line of the report are, byte for byte, what the README shows."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    first = commands(README)[0]
    printed = run_command(first.source, tmp_path).splitlines()
    shown = (first.output or "").splitlines()
    assert first.source == "ndmem run examples/pipeline.py"
    assert shown[4].startswith("Peak 592 MiB at examples/pipeline.py:40 in normalise")
    assert printed[:5] == shown[:5]


def test_the_example_fits_a_terminal() -> None:
    """No line of the shown report is wider than 80 columns, but for the command to be pasted at its end."""
    shown = (commands(README)[0].output or "").splitlines()
    assert [line for line in shown if len(line) > 80 and not line.startswith("More: ndmem report ")] == []


def test_the_two_commands_are_on_the_first_screen() -> None:
    """`make demo` and `make test` follow the example and are targets of the Makefile."""
    text = README.read_text("utf-8")
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert "make demo\nmake test\n" in text[: text.index("\n## ")]
    assert {"demo", "test"} <= targets

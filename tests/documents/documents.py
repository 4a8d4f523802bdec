"""The project's Markdown documents, taken apart into what can be run."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path for pattern in ("*.md", "docs/**/*.md", "design/*.md", "benchmarks/*.md") for path in ROOT.glob(pattern)
)

# The language may be a directive of Sphinx, such as {toctree}.
_FENCE = re.compile(r"^```(\w*|\{\w+\}[^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BETWEEN = "\x1e"


@dataclass(frozen=True, slots=True)
class Example:
    """Something to run, with the output that the document shows."""

    source: str
    output: str | None


_NOTEBOOK = f"""
import sys
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

config = Config()
config.HistoryManager.enabled = False
config.InteractiveShell.colors = "NoColor"
shell = InteractiveShell(config=config)
for cell in sys.stdin.read().split({_BETWEEN!r})[:-1]:
    shell.run_cell(cell, store_history=True).raise_error()
    print({_BETWEEN!r})
"""


def python_examples(document: Path) -> list[Example]:
    """Return the Python blocks of a document; their output is the text block that follows at once, if any."""
    return _examples(document, "python")


def notebook_cells(document: Path) -> list[Example]:
    """Return the cells of notebooks in a document, with their output, as for Python blocks."""
    return _examples(document, "ipython")


def _examples(document: Path, language: str) -> list[Example]:
    text = document.read_text("utf-8")
    blocks = list(_FENCE.finditer(text))
    examples = []
    for block, after in zip_longest(blocks, blocks[1:]):
        if block[1] != language:
            continue
        shown = after is not None and after[1] == "text" and not text[block.end() : after.start()].strip()
        examples.append(Example(block[2], after[2] if after is not None and shown else None))
    return examples


def commands(document: Path) -> list[Example]:
    """Return the commands of a document's console blocks, each with the lines shown below it."""
    examples = []
    for block in _FENCE.finditer(document.read_text("utf-8")):
        if block[1] == "console":
            for part in re.split(r"^\$ ", block[2], flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                examples.append(Example(command, output))
    return examples


def run_python(examples: list[Example], folder: Path) -> list[str]:
    """Run blocks one after the other as one program; return what each wrote to standard output."""
    program = folder / "example.py"
    program.write_text("".join(f"{each.source}\nprint({_BETWEEN!r})\n" for each in examples), "utf-8")
    done = subprocess.run(
        [sys.executable, program.name], cwd=folder, env=_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [part.removeprefix("\n") for part in done.stdout.split(_BETWEEN)[:-1]]


def run_cells(cells: list[Example], folder: Path) -> list[str]:
    """Run cells in one IPython; return what each wrote to standard output."""
    done = subprocess.run(
        [sys.executable, "-c", _NOTEBOOK], input="".join(each.source + _BETWEEN for each in cells),
        cwd=folder, env=_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return [part.removeprefix("\n") for part in done.stdout.split(_BETWEEN)[:-1]]


def run_command(command: str, folder: Path) -> str:
    """Run a command as a person would who has the package installed; return what it wrote to either stream."""
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}: {done.stdout}"
    return done.stdout


def _environment() -> dict[str, str]:
    """The environment with the installed commands, and without a width or a colour of this terminal."""
    kept = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "NO_COLOR", "FORCE_COLOR"}}
    return {**kept, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}

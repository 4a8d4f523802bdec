"""Write a page for each rule of advice: what it looks for, and a program before and after its fix, both measured.

Usage: ``python docs/advice/make.py``, with ndmem installed. The text is the docstring of the rule's module; the
programs are the first pair that the tests have for the rule.
"""

import inspect
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import numpy as np

import ndmem
from ndmem.advising.rules import DEEP, RESIDENT, RULES
from ndmem.analysis.over_time.processes import member_indexes
from ndmem.results.run import index_of
from ndmem.units import format_nbytes

HERE = Path(__file__).parent
CORPUS = HERE.parents[1] / "tests/advising/corpus"
_MARK = "  # guilty"

_PAGE = """\
# {code}: {name}

{about}

## Before

```py
{before}
```

`ndmem advise` says of it:

```text
{advice}
```

## After

```py
{after}
```

| | {measured} |
|---|--:|
| before | {peak_before} |
| after | {peak_after} |

Both were measured by running them under `{command}`, with {versions}. See [all
advice](README.md) and [reduce the peak](../how-to/reduce-the-peak.md).
"""

_INDEX = """\
# Advice

`ndmem advise run.ndmem`, `ndmem run --advise program.py` and `ndmem.advise(run)` say what to change in a program. The
report of a run has the first three findings. A saving is the difference of the peak when the recorded events are
replayed with the change; the page of each rule shows a program before and after it, with both peaks measured.

`ndmem advise run.ndmem --diff` prints the fixes that can be made mechanically as a patch; `ndmem advise run.ndmem
--try` runs the program with each of them in a copy and measures what it saves: [apply a
fix](../how-to/reduce-the-peak.md#apply-a-fix).

| code | rule | looks for |
|---|---|---|
{rows}

```{{toctree}}
:hidden:

{pages}
```
"""


def main() -> None:
    """Write all pages again."""
    for page in HERE.glob("NM*.md"):
        page.unlink()
    rules = sorted(RULES, key=lambda rule: rule.CODE)
    for rule in rules:
        (HERE / f"{rule.CODE}.md").write_text(write_page(rule), "utf-8")
    rows = "\n".join(f"| [{rule.CODE}]({rule.CODE}.md) | {rule.NAME} | {summarize(rule)} |" for rule in rules)
    pages = "\n".join(rule.CODE for rule in rules)
    (HERE / "README.md").write_text(_INDEX.format(rows=rows, pages=pages), "utf-8")


def write_page(rule: ModuleType) -> str:
    """Return the page of a rule, with its first pair of programs measured."""
    before, after = find_pair(rule)
    with tempfile.TemporaryDirectory() as folder:
        peak_before, advice = measure(before, Path(folder) / "before", rule)
        peak_after, _ = measure(after, Path(folder) / "after", rule)
    return _PAGE.format(
        code=rule.CODE,
        name=rule.NAME,
        about=describe(rule),
        versions=name_versions(),
        measured="resident memory, about" if rule in RESIDENT else "peak of arrays",
        command=" ".join(["ndmem run", *(["--deep"] if rule in DEEP else []), *read_options(before)]),
        before=show(before),
        after=show(after),
        advice=advice.rstrip(),
        peak_before=format_nbytes(peak_before),
        peak_after=format_nbytes(peak_after),
    )


def name_versions() -> str:
    """Return what a peak depends on beside the program: which temporaries NumPy reuses differs between Pythons."""
    numpy = ".".join(np.__version__.split(".")[:2])
    return f"Python {sys.version_info.major}.{sys.version_info.minor} and NumPy {numpy}"


def find_pair(rule: ModuleType) -> tuple[Path, Path]:
    """Return the first pair of programs of a rule, before and after its fix."""
    pair = min((CORPUS / rule.NAME).iterdir())
    return pair / "before.py", pair / "after.py"


def read_options(program: Path) -> list[str]:
    """Return further options of ``ndmem run`` for a program: those in ``options.txt`` beside it."""
    file = program.with_name("options.txt")
    return file.read_text("utf-8").split() if file.exists() else []


def describe(rule: ModuleType) -> str:
    """Return what a rule looks for, as Markdown."""
    return inspect.cleandoc(rule.__doc__ or "").replace("``", "`")


def show(program: Path) -> str:
    """Return the text of a program, without the mark of the line to change."""
    return program.read_text("utf-8").replace(_MARK, "").rstrip()


def summarize(rule: ModuleType) -> str:
    """Return the first sentence of a rule's docstring, as a cell of a table."""
    return describe(rule).splitlines()[0].rstrip(".").replace("|", "\\|")


def measure(program: Path, folder: Path, rule: ModuleType) -> tuple[int, str]:
    """Run a program in a new folder; return the highest peak of what a rule is about, and the printed advice."""
    folder.mkdir()
    (folder / "program.py").write_text(show(program) + "\n", "utf-8")
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "ndmem"]
    options = [*(["--deep"] if rule in DEEP else []), *read_options(program)]
    subprocess.run(
        [*command, "run", "--quiet", *options, "-o", "run.ndmem", "program.py"],
        cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    advice = subprocess.run(
        [*command, "advise", "run.ndmem"], cwd=folder, env=environment, check=True, capture_output=True, text=True
    ).stdout
    run = ndmem.load(folder / "run.ndmem")
    peak = max(member.trace.peak.nbytes for member in member_indexes(index_of(run)))
    return (run.trace.rss_peak_nbytes or 0) if rule in RESIDENT else peak, advice


if __name__ == "__main__":
    main()

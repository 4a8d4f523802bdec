"""The public names as a user meets them: by completion, in ``help(ndmem)``, and in a type checker."""

import importlib.util
import pydoc
import subprocess
import sys
from pathlib import Path

import pytest
from tests.documents.documents import ROOT

import ndmem

_PROGRAM = """
import ndmem
import numpy as np
from ndmem import {names}


@ndmem.profile
@ndmem.planned(a="f8[n]", budget="1 GiB")
def double(a: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return float((a * 2).sum())


@ndmem.limit("1 GiB")
def work(run: ndmem.Run) -> int:
    run.report()
    return run.peak + sum(line.total_nbytes for line in run.lines())


with ndmem.track() as run:
    total: float = double(np.ones(10))
before: int = work(run) + ndmem.weigh(total).owned + ndmem.arrays(smallest="1 MiB").nbytes
it_fits: bool = bool(ndmem.fits(ndmem.spec("f8[10, 10]"), within=ndmem.limits()))
found: ndmem.Prediction = ndmem.predict(double, "f8[n]", dims=ndmem.dims(n=10**6))
print(ndmem.diff(run, found), ndmem.breakdown().rss, ndmem.load("run.ndmem").live, ndmem.__version__)
try:
    with ndmem.limit("1 GiB", scope="thread") as budget:
        print(budget.live)
except ndmem.BudgetExceeded as error:
    if error.excess is not None:
        print(error.excess.asked, [line.nbytes for line in error.excess.lines])
"""


def test_completion_offers_the_public_names_alone() -> None:
    """What ``dir`` lists besides names with two underscores is the public face, and each name of it exists."""
    assert [name for name in dir(ndmem) if not name.startswith("__")] == sorted(ndmem.__all__)
    assert all(hasattr(ndmem, name) for name in dir(ndmem))


def test_the_help_has_an_overview_of_all_verbs() -> None:
    """The text on top of ``help(ndmem)`` names every public function, has an example, and is no wider than 100."""
    text = pydoc.plaintext.document(ndmem)
    overview = text[: text.index("PACKAGE CONTENTS")]
    functions = [name for name in ndmem.__all__ if not isinstance(getattr(ndmem, name), type)]
    assert [name for name in functions if name not in overview.replace(",", " ").replace(".", " ").split()] == []
    assert ">>> with ndmem.track() as run:" in overview
    assert max(map(len, overview.splitlines())) <= 100
    assert "TYPE_CHECKING" not in text


@pytest.mark.long
@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="no mypy")
def test_a_strict_type_checker_accepts_the_public_names_and_no_other(tmp_path: Path) -> None:
    """A file that uses all public names passes ``mypy --strict``; a name that does not exist is its only error."""
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM.format(names=", ".join(ndmem.__all__)) + "print(ndmem.tracks)\n", "utf-8")
    # The project's own settings are strict; its cache spares the types of NumPy.
    words = [sys.executable, "-m", "mypy", "--untyped-calls-exclude=numpy.lib", str(program)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    last = _PROGRAM.count("\n") + 1
    assert done.stdout.splitlines() == [
        f'{program}:{last}: error: Module has no attribute "tracks"; maybe "track"?  [attr-defined]',
        "Found 1 error in 1 file (checked 1 source file)",
    ]

"""The corpus of advice: programs before and after a fix, and programs that look alike and are clean.

In ``before.py`` the line to change ends with ``# guilty``. All programs are run in a process of their own.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import ndmem
from ndmem.advising.rules import DEEP, RESIDENT, RULES
from ndmem.analysis.over_time.processes import member_indexes
from ndmem.model.advice.finding import Finding
from ndmem.results.run import index_of

HERE = Path(__file__).parent
CASES = sorted((HERE / "corpus").glob("*/*/before.py"))
CLEAN = sorted((HERE / "clean").glob("*.py"))
CLEAN_DEEP = sorted((HERE / "clean_deep").glob("*.py"))
SHOWN = 3
"""Findings among which the guilty line must be."""


@dataclass(frozen=True)
class Advised:
    """A program that was run, the highest peak of any of its processes, and what is advised."""

    output: str
    peak_nbytes: int
    findings: tuple[Finding, ...]


def run_options(program: Path) -> list[str]:
    """Return further options of ``ndmem run`` for a program: those in ``options.txt`` beside it."""
    file = program.with_name("options.txt")
    return file.read_text().split() if file.exists() else []


def advise(program: Path, folder: Path, *, deep: bool = False) -> Advised:
    """Run a program and ask for advice; skip the test if the program needs a library that is not installed."""
    for name in re.findall(r"^import (\w+)", program.read_text(), re.MULTILINE):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    file = folder / f"{program.stem}.ndmem"
    options = ["--quiet", *(["--deep"] if deep else []), *run_options(program)]
    command = [sys.executable, "-m", "ndmem", "run", *options, "-o", str(file), str(program)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    run = ndmem.load(file)
    peak = max(member.trace.peak.nbytes for member in member_indexes(index_of(run)))
    return Advised(done.stdout, peak, tuple(ndmem.advise(run)))


def numpy_reuses_temporaries() -> bool:
    """Tell whether NumPy puts the sum of two temporaries into one of them, as it does where it can recognise them."""
    numbers = np.ones(1_000_000)
    with ndmem.track() as run:
        (numbers * 2 + numbers * 3).sum()
    return run.peak < 3 * numbers.nbytes


def resident_peak(program: Path) -> int:
    """Run a program without ndmem, whose own records are resident too, and return its ``VmHWM``."""
    run = f"import runpy; runpy.run_path({str(program)!r}, run_name='__main__')"
    shown = f"{run}; print('\\n' + open('/proc/self/status').read())"
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, timeout=300, check=True)
    return int(re.findall(r"^VmHWM:\s+(\d+) kB$", done.stdout, re.MULTILINE)[-1]) * 1024


@pytest.mark.long
@pytest.mark.parametrize("before", CASES, ids=lambda path: f"{path.parts[-3]}/{path.parts[-2]}")
def test_the_guilty_line_is_found_and_its_saving_is_what_the_fixed_program_saves(before, tmp_path):
    """The rule names the guilty line among the first findings, and its saving is that of the fixed program, ± 10 %."""
    rule, lines = before.parts[-3], before.read_text().splitlines()
    guilty = next(number for number, line in enumerate(lines, 1) if line.rstrip().endswith("# guilty"))
    deep = rule in {one.NAME for one in DEEP}
    if before.with_name("only-without-reuse.txt").exists() and numpy_reuses_temporaries():
        pytest.skip("this NumPy computes a chain of operators in one temporary by itself")
    if deep and sys.version_info < (3, 12):
        pytest.skip("before Python 3.12, ndmem cannot see functions return")
    was, fixed = (advise(before.with_name(name), tmp_path, deep=deep) for name in ("before.py", "after.py"))
    assert was.output == fixed.output
    found = [one for one in was.findings[:SHOWN] if one.name == rule and one.site.lineno == guilty]
    assert found, [(one.name, one.site.lineno, one.expression, one.saving) for one in was.findings]
    assert rule not in {one.name for one in fixed.findings}
    saved = found[0].saving.resident_nbytes
    assert (saved is not None) == (rule in {one.NAME for one in RESIDENT})
    if saved is not None:
        before_nbytes, after_nbytes = (resident_peak(before.with_name(name)) for name in ("before.py", "after.py"))
        assert saved == pytest.approx(before_nbytes - after_nbytes, rel=0.2)
        return
    measured = was.peak_nbytes - fixed.peak_nbytes
    assert found[0].saving.peak_nbytes == pytest.approx(measured, rel=0.1)
    assert found[0].peak_after_nbytes == pytest.approx(fixed.peak_nbytes, rel=0.1)


@pytest.mark.long
@pytest.mark.parametrize("program", CLEAN, ids=lambda path: path.stem)
def test_a_look_alike_has_no_finding(program, tmp_path):
    """A program that resembles a guilty one and cannot be improved is not accused."""
    assert advise(program, tmp_path).findings == ()


@pytest.mark.long
@pytest.mark.parametrize("program", CLEAN_DEEP, ids=lambda path: path.stem)
def test_values_that_need_their_dtype_have_no_finding(program, tmp_path):
    """A program whose values a run with ``--deep`` examines, and that cannot be improved, is not accused."""
    assert advise(program, tmp_path, deep=True).findings == ()


def test_each_rule_has_a_pair_and_a_code_of_its_own():
    """Every rule has a code and a name that no other has, and a pair of programs in the corpus."""
    assert len({rule.CODE for rule in RULES}) == len({rule.NAME for rule in RULES}) == len(RULES)
    assert {rule.NAME for rule in RULES} == {case.parts[-3] for case in CASES}

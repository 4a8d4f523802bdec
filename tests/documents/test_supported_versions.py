"""Every place that names the supported Pythons and NumPys names the same, and `make` and CI run on them."""

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.documents.documents import ROOT

from ndmem.pythons import NEWEST, OLDEST, SUPPORTED
from ndmem.tracking.support import find_numpy_obstacle

PYTHONS = [f"3.{minor}" for minor in range(OLDEST[1], NEWEST[1] + 1)]


def read(name: str) -> str:
    """Return the text of a file of the project."""
    return (ROOT / name).read_text("utf-8")


def read_oldest_numpys() -> dict[str, str]:
    """Return the oldest NumPy of each Python that ``make test-all`` has."""
    tree = ast.parse(read("noxfile.py"))
    return next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "OLDEST_NUMPY"
    )


def read_ranges(name: str) -> set[str]:
    """Return the ranges of Pythons that a file names, as ``3.11 to 3.15``."""
    return set(re.findall(r"3\.\d+ to 3\.\d+", read(name)))


def test_the_supported_pythons_agree() -> None:
    """Metadata, build file, README, Makefile, nox and CI have the Pythons that an import lets pass, and no others."""
    metadata = importlib.metadata.metadata("ndmem")
    classifiers = metadata.get_all("Classifier") or []
    assert [each.rsplit(" ", 1)[1] for each in classifiers if re.search(r":: 3\.\d+$", each)] == PYTHONS
    assert metadata["Requires-Python"] == f">={PYTHONS[0]}"
    assert re.findall(r"^PYTHONS := (.*)$", read("Makefile"), re.MULTILINE) == [" ".join(reversed(PYTHONS))]
    assert list(read_oldest_numpys()) == PYTHONS
    span = f"{PYTHONS[0]} to {PYTHONS[-1]}"
    assert f"CPython {span} with the GIL" == SUPPORTED
    assert read_ranges("README.md") == read_ranges("src/ndmem/csrc/common/compat.h") == {span}
    assert re.findall(r"tests on Python (.*), each with", read("CONTRIBUTING.md")) == [
        f"{', '.join(PYTHONS[:-1])} and {PYTHONS[-1]}"
    ]
    assert set(re.findall(r"\b3\.\d+\b", read(".ci/run"))) <= set(PYTHONS)


def test_the_supported_numpys_agree() -> None:
    """Metadata, build file, README, nox and the refusal of older ones have the same oldest NumPy."""
    oldest = min(read_oldest_numpys().values())
    requires = importlib.metadata.requires("ndmem") or []
    assert [each for each in requires if re.match(r"numpy\b", each)] == [f"numpy>={oldest[:3]}"]
    assert f"dependency('numpy', version: '>={oldest[:3]}')" in read("meson.build")
    assert f"NumPy {oldest[:3]} or later" in read("README.md")
    assert find_numpy_obstacle(oldest) is None
    assert find_numpy_obstacle("1.26.4") == f"NumPy 1.26.4 is too old; install numpy>={oldest[:3]}"


MakeCommand = Callable[[str, str], None]


@pytest.fixture
def commands(tmp_path: Path) -> MakeCommand:
    """Write a command of a name and a shell script into the folder ``bin``."""

    def make_command(name: str, script: str) -> None:
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        path.chmod(0o755)

    return make_command


def surroundings(folder: Path) -> dict[str, str]:
    """Return an environment that has the commands of a folder before the system's, and no pyenv."""
    path = f"{folder / 'bin'}:/usr/bin:/bin"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYENV", "MAKE", "MFLAGS"))}
    for name in ("PYTHON", "VENV"):  # make gives what it was called with to what it calls
        kept.pop(name, None)
    return {**kept, "PATH": path, "HOME": str(folder)}


@pytest.mark.parametrize("newest", PYTHONS)
def test_make_takes_the_newest_python_that_runs(newest: str, commands: MakeCommand, tmp_path: Path) -> None:
    """A command that is on PATH and only fails, as pyenv's do for a Python that is not activated, is passed over."""
    for version in PYTHONS:
        runs = PYTHONS.index(version) <= PYTHONS.index(newest)
        commands(f"python{version}", "exit 0" if runs else "echo 'command not found' >&2; exit 127")
    words = ["make", "--eval", "show: ; @echo $(PYTHON)", "show"]
    ended = subprocess.run(words, cwd=ROOT, env=surroundings(tmp_path), capture_output=True, text=True, check=True)
    assert ended.stdout == f"{tmp_path}/bin/python{newest}\n"


def run_ci(folder: Path) -> tuple[int, list[str]]:
    """Run a copy of the script of CI, and return its exit status and the lines of its table."""
    shutil.copytree(ROOT / ".ci", folder / "clone/.ci")
    ended = subprocess.run(
        [folder / "clone/.ci/run"], env=surroundings(folder), capture_output=True, text=True, check=False
    )
    table = ended.stdout.split("\n== All parts, after ")[1].splitlines()[1:]
    return ended.returncode, [re.sub(r"after \d+ s", "after N s", line) for line in table]


def test_ci_runs_the_tests_on_all_its_pythons(commands: MakeCommand, tmp_path: Path) -> None:
    """Tests run on the newest and the oldest Python, long ones on the newest, the core's on one between; sanitizers."""
    for version in PYTHONS:
        commands(f"python{version}", "exit 0")
    commands("cc", "exit 0")
    commands("make", 'echo "$*"')
    assert run_ci(tmp_path) == (
        0,
        [
            f"make {target} on Python {version}: passed after N s: "
            f"{target} PYTHON={tmp_path}/bin/python{version} VENV=.venv-{version}"
            for version, target in [("3.15", "test"), ("3.15", "test-long"), ("3.13", "test-core"), ("3.11", "test")]
        ]
        + [
            "make sanitize on Python 3.11: passed after N s: "
            f"sanitize SHORT=1 PYTHON={tmp_path}/bin/python3.11 VENV=.venv-3.11"
        ],
    )


def test_ci_goes_on_after_a_failure_and_says_what_it_left_out(commands: MakeCommand, tmp_path: Path) -> None:
    """A failed part makes the script fail after the other parts; a Python that is missing is in the table."""
    for version in ("3.14", "3.11"):
        commands(f"python{version}", "exit 0")
    for version in ("3.15", "3.13"):
        commands(f"python{version}", "exit 127")
    commands("cc", "exit 0")
    commands("make", 'case $* in *3.14) echo "1 failed"; exit 2;; *) echo "9 passed";; esac')
    assert run_ci(tmp_path) == (
        1,
        [
            "make test on Python 3.15: left out, there is no such Python here",
            "make test on Python 3.14: FAILED after N s: 1 failed",
            "make test-long on Python 3.14: FAILED after N s: 1 failed",
            "make test-core on Python 3.13: left out, there is no such Python here",
            "make test on Python 3.11: passed after N s: 9 passed",
            "make sanitize on Python 3.11: passed after N s: 9 passed",
        ],
    )

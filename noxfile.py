#!/usr/bin/env -S uv run --script
# /// script
# dependencies = ["nox>=2025.10.14"]
# ///
"""The tests on every Python that ndmem supports, each with the oldest and the newest NumPy that it can have."""

import os
import subprocess
from pathlib import Path

import nox

nox.needs_version = ">=2025.10.14"
nox.options.default_venv_backend = "venv"
# A Python that is not there was not tested: that is a failure, not something to skip.
nox.options.error_on_missing_interpreters = True

# 2.0 is the oldest NumPy that ndmem supports; the others are the first ones with wheels for their Python.
OLDEST_NUMPY = {"3.11": "2.0.0", "3.12": "2.0.0", "3.13": "2.1.0", "3.14": "2.3.2", "3.15": "2.5.2"}

PROJECT = nox.project.load_toml("pyproject.toml")


def show_python(version: str) -> None:
    """Put a Python on PATH that pyenv has and does not show: nox would take the command of pyenv that only fails."""
    command = [str(Path(__file__).with_name(".ci") / "find-python"), version]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    folders = os.environ["PATH"].split(os.pathsep)
    if found and str(Path(found).parent) not in folders:
        os.environ["PATH"] = os.pathsep.join([str(Path(found).parent), *folders])


for version in OLDEST_NUMPY:
    show_python(version)


@nox.session(python=list(OLDEST_NUMPY))
@nox.parametrize("numpy", ["oldest", "newest"])
def tests(session: nox.Session, numpy: str) -> None:
    """Install the package as a wheel, beside one NumPy, and run all tests, slow ones too, on what was installed."""
    wanted = f"numpy=={OLDEST_NUMPY[str(session.python)]}" if numpy == "oldest" else "numpy"
    session.install(".[dask]", wanted, *nox.project.dependency_groups(PROJECT, "test"))
    session.run("python", "-c", "import numpy; print('NumPy', numpy.__version__)")
    session.run("python", "-m", "pytest", "-m", "", *session.posargs)


if __name__ == "__main__":
    nox.main()

"""Check the wheels in dist/ as a user meets them: ``make wheels``; with ``TEST=1``, by all tests of the core.

Each wheel is installed into an empty environment, where no compiler is on PATH; the time of that is printed. Then the
commands of README.md run, and tests with pytest, which is installed after the time was taken.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
# Native memory needs the preloaded library, which links to the C library as no other part does.
README_TESTS = "tests/documents/test_readme.py"
SOME_TESTS = ["tests/tracking/native", README_TESTS]
CORE_TESTS = ["tests/tracking", "tests/weighing", "tests/planning/worker", "tests/budgets", README_TESTS]


def main() -> None:
    """Check all wheels that can run here; exit with status 1 if one of them fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--core", action="store_true", help="run all tests of the core; some minutes for each wheel")
    tests = CORE_TESTS if parser.parse_args().core else SOME_TESTS
    files = [str(file) for file in sorted(DIST.iterdir())]
    wheels = [file for file in files if file.endswith(".whl")]
    failed = [] if run([sys.executable, "-m", "twine", "check", "--strict", *files]) else ["the metadata"]
    if not run([sys.executable, "-m", "check_wheel_contents", *wheels]):
        failed.append("the contents of a wheel")
    for wheel in wheels:
        name = Path(wheel).name
        if os.uname().machine in name:
            failed += [f"{name}: {what}" for what in check_wheel(Path(wheel), tests)]
        else:
            print(f"{name}: not for this machine, not run")
    sys.exit("\n".join(["failed:", *failed]) if failed else 0)


def check_wheel(wheel: Path, tests: list[str]) -> Iterator[str]:
    """Install a wheel, use and test it; yield what failed."""
    version = re.sub(r".*-cp(\d)(\d+)-.*", r"\1.\2", wheel.name)
    found = subprocess.run([ROOT / ".ci/find-python", version], capture_output=True, text=True, check=True)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # a test runs the installed package as another user
        empty = Path(folder, "empty")
        subprocess.run([found.stdout.strip(), "-m", "venv", empty], check=True)
        python = empty / "bin/python"
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        no_compiler = os.environ | {"PATH": str(empty / "bin")}
        started, used = time.perf_counter(), measure_children()
        if not run([*pip, "--only-binary", ":all:", str(wheel)], no_compiler):
            yield "the installation"
            return
        seconds, cpu = time.perf_counter() - started, measure_children() - used
        size = f"{wheel.stat().st_size / 1e6:.1f} MB"
        print(f"{wheel.name}: {size}, installed in {seconds:.1f} s, {cpu:.1f} s of CPU time", flush=True)
        shutil.copytree(ROOT / "examples", Path(folder, "examples"))
        path = os.environ | {"PATH": os.pathsep.join([str(empty / "bin"), "/usr/bin", "/bin"])}
        for command in read_commands():
            if not run(["/bin/sh", "-c", command], path, folder):
                yield command
        groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
        if not (run([*pip, *groups["wheel"]]) and run([str(python), "-m", "pytest", "-q", "-n", "2", *tests], path)):
            yield "the tests"


def measure_children() -> float:
    """Return the seconds of CPU time that ended child processes have used: they do not depend on what else runs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def read_commands() -> list[str]:
    """Return the commands that README.md shows with their output."""
    blocks = re.findall(r"^```console\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def run(words: list[str], environment: dict[str, str] | None = None, folder: str | Path = ROOT) -> bool:
    """Run a command, and print its output where it fails."""
    ended = subprocess.run(
        words, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if ended.returncode:
        print(f"{ended.stdout}\nfailed: {' '.join(words)}", flush=True)
    return ended.returncode == 0


if __name__ == "__main__":
    main()

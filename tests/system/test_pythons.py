"""A Python that is not supported is refused in one sentence: when ndmem is built, imported, and run."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.documents.documents import ROOT

import ndmem
from ndmem.pythons import find_python_obstacle

NDMEM = Path(sys.executable).with_name("ndmem")
RELEASE = ".".join(map(str, sys.version_info[:3]))

# What makes this Python look like another one, to all that ask it later → what the sentence says that it is.
OTHERS = {
    "3.16": ("sys.version_info = (3, 16, 0, 'final', 0)", "CPython 3.16.0"),
    "3.10": ("sys.version_info = (3, 10, 13, 'final', 0)", "CPython 3.10.13"),
    "free-threaded": ("sys.abiflags += 't'", f"a free-threaded CPython {RELEASE}"),
    "PyPy": (
        "sys.implementation = type(sys.implementation)(**{**vars(sys.implementation), 'name': 'pypy'})",
        f"pypy {RELEASE}",
    ),
}
# sysconfig finds its data by the name that this Python really has, and keeps what it found.
DISGUISE = "import sys, sysconfig\nsysconfig.get_config_vars()\n"
by_python = pytest.mark.parametrize("other", OTHERS)

# Runs a text in a subinterpreter that shares the GIL, and in one with a GIL of its own where there are such ones.
IN_SUBINTERPRETERS = """
import sys
def in_subinterpreters(text):
    if sys.version_info >= (3, 13):
        import _interpreters as module
        made = [module.create("legacy"), module.create("isolated")]
    else:
        import _xxsubinterpreters as module
        made = [module.create(isolated=False), module.create(isolated=True)]
    for each in made:
        failure = module.run_string(each, text)
        assert failure is None, failure
        module.destroy(each)
"""


def say_refusal(other: str) -> str:
    """Return the sentence that refuses a Python."""
    return f"ndmem needs CPython 3.11 to 3.15 with the GIL, and this is {OTHERS[other][1]}; use one of those"


def disguise(other: str, folder: Path) -> dict[str, str]:
    """Return an environment in which this Python looks like another one from its start."""
    (folder / "sitecustomize.py").write_text(f"{DISGUISE}{OTHERS[other][0]}\n", "utf-8")
    return {"PYTHONPATH": str(folder), "PATH": "/usr/local/bin:/usr/bin:/bin"}


def test_this_python_is_supported() -> None:
    """The interpreter of these tests is one of those that are not refused."""
    assert find_python_obstacle() is None


@by_python
def test_an_import_is_refused(other: str, tmp_path: Path) -> None:
    """``import ndmem`` raises an ImportError that names what is supported and what was found."""
    command = [sys.executable, "-c", "import ndmem"]
    ended = subprocess.run(command, env=disguise(other, tmp_path), capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == f"ImportError: {say_refusal(other)}"


@pytest.mark.parametrize("command", [[str(NDMEM)], [sys.executable, "-m", "ndmem"]], ids=["ndmem", "-m ndmem"])
@by_python
def test_a_run_is_refused(other: str, command: list[str], tmp_path: Path) -> None:
    """``ndmem run`` prints the sentence and nothing else, runs no program, and exits as for bad usage."""
    words = [*command, "run", "-c", "print('ran')"]
    ended = subprocess.run(words, env=disguise(other, tmp_path), capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", f"{say_refusal(other)}\n")


@pytest.mark.long
@by_python
def test_a_build_is_refused(other: str, tmp_path: Path) -> None:
    """Meson ends with the sentence as its error, before anything is compiled."""
    stub, native = tmp_path / "python", tmp_path / "native.ini"
    path = disguise(other, tmp_path)["PYTHONPATH"]
    stub.write_text(f'#!/bin/sh\nPYTHONPATH="{path}" exec "{sys.executable}" "$@"\n', "utf-8")
    stub.chmod(0o755)
    native.write_text(f"[binaries]\npython = ['{stub}']\n", "utf-8")
    meson = Path(sys.executable).with_name("meson")
    command = [str(meson), "setup", f"--native-file={native}", str(tmp_path / "build"), str(ROOT)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    errors = [line.split("ERROR: Problem encountered: ")[1] for line in ended.stdout.splitlines() if "ERROR" in line]
    assert (ended.returncode, errors) == (1, [say_refusal(other)])


@pytest.mark.parametrize("module", ["ndmem._native", "ndmem._walk"])
def test_a_subinterpreter_is_refused(module: str) -> None:
    """Each extension raises an ImportError of one sentence in a subinterpreter, and goes on working in the main one."""
    attempt = f"try:\n    import {module}\nexcept ImportError as error:\n    print(error, flush=True)\n"
    program = f"{IN_SUBINTERPRETERS}\nimport {module}\nin_subinterpreters({attempt!r})\nimport ndmem, numpy as np\n" + (
        "with ndmem.track() as run:\n    kept = np.empty(1000)\n"
        "print(run.trace.live_nbytes, ndmem.weigh(kept).numbers.buffers_nbytes)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    sentence = "ndmem needs the main interpreter, and this is a subinterpreter; import it in the main one"
    assert (ended.stdout.splitlines(), ended.stderr) == ([sentence, sentence, "8000 8000"], "")


def test_a_program_with_subinterpreters_is_tracked(tmp_path: Path) -> None:
    """A program whose subinterpreters run beside arrays of the main one prints what it prints, and no array is lost."""
    inside = "import threading\nkept = [bytearray(20_000) for _ in range(50)]\nprint(len(kept), flush=True)\n" + (
        "try:\n    thread = threading.Thread(target=bytearray, args=[10**6])\n    thread.start()\n    thread.join()\n"
        "except RuntimeError:\n    pass  # isolated ones have threads from 3.13 on\n"
    )
    program = f"{IN_SUBINTERPRETERS}\nimport threading, numpy as np\n" + (
        f"thread = threading.Thread(target=in_subinterpreters, args=[{inside!r}])\nthread.start()\n"
        "kept = [np.empty(10_000) for _ in range(100)]\nthread.join()\nkept.append(np.empty(10_000))\nprint('end')\n"
    )
    (tmp_path / "program.py").write_text(program, "utf-8")
    command = [str(NDMEM), "run", "-q", "-o", "run.ndmem", "program.py"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "50\n50\nend\n", "")
    trace = ndmem.load(tmp_path / "run.ndmem").trace
    assert (trace.peak.nbytes, trace.dropped) == (101 * 80_000, 0)

"""`ndmem breakdown`, as a person types it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.system.running import Place

needs_linux = pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="needs Linux")


def run(*words):
    """Run the command; return status, output and errors."""
    done = Place(Path.cwd()).run_ndmem_as_text("breakdown", *words)
    return done.returncode, done.stdout, done.stderr


@needs_linux
def test_another_process():
    """The table begins with the conclusion; JSON has bytes that add up, and null for what cannot be known."""
    status, out, err = run(str(os.getpid()))
    assert (status, err) == (0, "")
    assert out.startswith("RSS is ")
    assert "unexplained" in out
    status, out, _ = run("--json", str(os.getpid()))
    found = json.loads(out)
    assert (status, found["pid"], found["arrays_nbytes"]) == (0, os.getpid(), None)
    names = [name for name in found if name.endswith("_nbytes") and name not in {"rss_nbytes", "untouched_nbytes"}]
    assert sum(found[name] or 0 for name in names) == found["rss_nbytes"]


@needs_linux
@pytest.mark.parametrize(
    # 40 MiB and what the interpreter has.
    ("option", "native"),
    [("--native", r", its native blocks [45]\d(\.\d+)? MiB"), ("--no-native", "")],
    ids=str,
)
def test_a_tracked_process(option, native, tmp_path):
    """Of a program that ndmem run started the live bytes are said, and that their pages are not known."""
    program = (
        "import os, numpy as np\na = np.ones(10 * 2**17)\nb = bytearray(40 * 2**20)\n"
        "print(os.getpid(), flush=True)\ninput()\n"
    )
    command = [sys.executable, "-m", "ndmem", "run", option, "-q", "-o", "a.ndmem", "-c", program]
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        pid = process.stdout.readline().strip()
        notes = [json.loads(run("--json", number)[1])["notes"] for number in (pid, str(process.pid))]
        process.communicate("\n")
    said = rf"According to its journal, its live arrays have 10 MiB{native}; how much of that is in RAM is unknown"
    assert re.match(said, notes[0][-1])
    # The interpreter and NumPy have some 10 MiB of their own. The launcher is not its program.
    assert "this one is not tracked" in notes[1][-1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no process given; write for example: ndmem breakdown 1234, or call ndmem.breakdown() in the program"),
        (["--trim"], "no process given"),
        (["seven"], "'seven' is not a process id; write a number as ps shows it"),
        (["1.5"], "'1.5' is not a process id"),
        (["0"], "0 is not a process id"),
        (["--", "-7"], "'-7' is not a process id"),
        (["٣"], "is not a process id"),
        (["\x1b[31m7"], "is not a process id"),
        (["9" * 5000], "is not a process id"),
        (["2147483647"], "process 2147483647 does not exist, or access to it is denied"),
        (["1", "2"], "2"),
    ],
)
def test_bad_input(words, message):
    """Each mistake is one line that says what to write, and status 2."""
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert err.startswith("ndmem: ")
    assert message in err
    assert err.count("\n") == 1
    assert err.strip().isprintable()


def test_trim_from_outside():
    """Another process's malloc cannot be trimmed, and the line says what can be done."""
    status, out, err = run("--trim", str(os.getpid()))
    assert (status, out) == (2, "")
    call = f"ndmem.breakdown(trim=True) in {os.getpid()}"
    assert err == f"ndmem: malloc can only be trimmed from inside the process: call {call}\n"

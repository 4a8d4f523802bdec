"""``ndmem advise --try``: both programs run in copies, and what they need and print is compared."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.cli.test_advise_diff import run
from tests.system.running import Outcome, Place

from ndmem.planning.worker.sandbox.landlock import find_version

pytestmark = pytest.mark.long  # each runs a program several times

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/reference/findings.schema.json").read_text("utf-8"))

# `values` and its copy have 1,000,000 bytes each; the copy is never written.
COPY = """\
import sys
import numpy as np
values = np.ones(125_000)
shown = values.copy()
print(shown.max(), values.min(), sys.argv[1:])
"""

# A program whose output shows the copy, which no reading of its source tells.
TRACED = COPY.replace("values =", "import tracemalloc\ntracemalloc.start()\nvalues =", 1)
HAS_TWO = "(tracemalloc.get_traced_memory()[0] > 1_500_000)"


def try_out(folder: Path, *options: str, temporary: Path | None = None) -> Outcome:
    """Try the fixes of the recorded run; nothing of it is left in the folder for temporary files."""
    scratch = temporary or folder.with_name(f"{folder.name}-tmp")
    scratch.mkdir(exist_ok=True)
    done = Place(folder, environment={"TMPDIR": str(scratch)}).run_ndmem("advise", "run.ndmem", "--try", *options)
    assert list(scratch.iterdir()) == []
    return done


def trial(folder: Path, *options: str) -> dict[str, Any]:
    """Return the first trial, from the JSON, which the published schema describes."""
    done = try_out(folder, "--json", *options)
    assert done.status == 0, done.stderr
    document = json.loads(done.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    found: dict[str, Any] = document["findings"][0]
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder, with what is in them."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_saving_is_measured_and_nothing_is_written(tmp_path: Path) -> None:
    """The copy that is left out saves its bytes; the program writes into its copy, and the user's folder stays."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "data.txt").write_text("8")
    write = "import os\nprint(open('data.txt').read())\nopen('out.txt', 'w').write('x')\nos.remove('data.txt')\n"
    run(folder, COPY + write + "print(sys.stdin.read())\n", "prog.py", "a b", "--try")
    (folder / "data.txt").write_text("8")
    (folder / "out.txt").unlink()
    before = contents(folder)
    found = trial(folder)
    assert contents(folder) == before
    assert found["proof"] == "verified"
    measured = found["trial"]
    assert measured["saved_nbytes"] == pytest.approx(1_000_000, abs=10_000)
    assert measured["peak_before_nbytes"] - measured["peak_after_nbytes"] == measured["saved_nbytes"]
    assert (measured["output"], measured["status_before"], measured["status_after"]) == ("same", 0, 0)
    text = try_out(folder).stdout.decode()
    assert "Output and exit status are the same" in " ".join(text.split())


def test_fixes_that_save_only_together_are_tried_together(tmp_path: Path) -> None:
    """Where two lines reach the same peak, each finding is tried with both edits: alone they would save nothing."""
    function = "def {0}():\n    a = np.ones(125_000)\n    b = a.copy()\n    return b.sum() + a.max()\n"
    run(tmp_path, f"import numpy as np\n{function.format('f')}{function.format('g')}print(f() + g())\n")
    found = trial(tmp_path, "--most", "1")
    assert len(found["evidence"]["together_with"]) == 1
    assert found["saving"]["peak_nbytes"] == 1_000_000
    assert found["trial"]["saved_nbytes"] == pytest.approx(1_000_000, abs=100)  # a sum is an array of 8 bytes


def test_an_output_that_differs_is_shown(tmp_path: Path) -> None:
    """If the fixed program prints something else, the first line that differs is shown, and nothing is proved."""
    run(tmp_path, f"{TRACED}print(1)\nprint({HAS_TWO})\n")
    found = trial(tmp_path)
    assert found["proof"] == "estimated"
    assert found["trial"]["output"] == "different"
    assert found["trial"]["difference"] == {"lineno": 3, "before": "True", "after": "False"}


@pytest.mark.long
def test_an_output_that_varies_is_not_compared(tmp_path: Path) -> None:
    """If the unchanged program prints something else each time, the trial says so."""
    run(tmp_path, COPY + "import os\nprint(os.getpid())\n")
    assert trial(tmp_path)["trial"]["output"] == "varies"


@pytest.mark.long
def test_a_program_that_fails_is_compared(tmp_path: Path) -> None:
    """A program that ends with an exception is tried as any other; an exit status that changes is shown."""
    (tmp_path / "prog.py").write_text(f"{TRACED}sys.exit(3 + {HAS_TWO})\n")
    Place(tmp_path).run_ndmem("run", "-q", "-o", "run.ndmem", "prog.py")
    found = trial(tmp_path)
    assert (found["trial"]["status_before"], found["trial"]["status_after"]) == (4, 3)
    assert found["proof"] == "estimated"


def test_a_program_in_another_folder_finds_its_modules_and_files(tmp_path: Path) -> None:
    """A script in a subfolder that imports a module and reads a relative path runs in the copy as it did."""
    (tmp_path / "src").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "n.txt").write_text("125000")
    (tmp_path / "src" / "work.py").write_text(
        "import numpy as np\ndef work(n):\n    a = np.ones(n)\n    b = a.copy()\n    return b.sum() + a.max()\n"
    )
    program = "from work import work\nprint(work(int(open('data/n.txt').read())))\n"
    run(tmp_path, program, "src/prog.py")
    found = trial(tmp_path)
    assert found["site"]["filename"].endswith("work.py")
    assert found["trial"]["saved_nbytes"] == pytest.approx(1_000_000, abs=10_000)


@pytest.mark.long
@pytest.mark.skipif(not find_version(), reason="needs Landlock")
def test_an_absolute_path_of_the_users_is_not_written(tmp_path: Path) -> None:
    """The kernel refuses to write a file outside the copies: the trial says that the program fails there."""
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    folder = tmp_path / "work"
    folder.mkdir()
    run(folder, COPY + f"open({str(outside)!r}, 'w').write('x')\n")
    outside.write_text("mine")
    done = try_out(folder)
    assert outside.read_text() == "mine"
    assert done.status == 2
    assert b"PermissionError" in done.stderr


@pytest.mark.long
def test_what_cannot_be_tried_is_said_in_one_sentence(tmp_path: Path) -> None:
    """Code of -c, a script that is gone and one that has changed cannot be tried; the message has the next step."""
    place = Place(tmp_path)
    assert place.run_ndmem("run", "-q", "-o", "run.ndmem", "-c", COPY).status == 0
    done = try_out(tmp_path)
    assert (done.status, done.stdout) == (2, b"")
    assert b"the program was started with -c" in done.stderr
    assert done.stderr.count(b"\n") == 1
    (tmp_path / "run.ndmem").unlink()
    run(tmp_path, COPY)
    (tmp_path / "prog.py").write_text(COPY + "# new\n")
    done = try_out(tmp_path)
    assert done.status == 0
    assert b"not tried: prog.py:4 (NM301): prog.py has changed since the run; record the program again" in done.stderr
    (tmp_path / "prog.py").unlink()
    done = try_out(tmp_path)
    assert done.status == 2
    assert b"'prog.py' is gone; record the program again" in done.stderr


@pytest.mark.long
def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    """A program that does not end is ended after the time that --timeout allows, with all that it started."""
    waiting = "import os, time\nif os.path.exists('go'): time.sleep(600)\n"
    (tmp_path / "prog.py").write_text(COPY + waiting)
    place = Place(tmp_path)
    assert place.run_ndmem("run", "-q", "-o", "run.ndmem", "prog.py").status == 0
    (tmp_path / "go").touch()
    done = try_out(tmp_path, "--timeout", "3")
    assert done.status == 2
    assert b"had not ended after 3 s; allow more with --timeout" in done.stderr


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_after_an_interruption(number: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C, and a signal to end, end the program and remove its copy."""
    folder, scratch = tmp_path / "work", tmp_path / "tmp"
    folder.mkdir()
    scratch.mkdir()
    os.mkfifo(folder / "pipe")  # which is not copied: reading it would take forever
    wait = "import os, time\nif os.path.exists('go'):\n    print(os.getpid(), flush=True)\n    time.sleep(600)\n"
    run(folder, COPY + wait)
    (folder / "go").touch()
    command = [sys.executable, "-m", "ndmem", "advise", "run.ndmem", "--try"]
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, "TMPDIR": str(scratch)}, stderr=subprocess.PIPE)
    written: list[Path] = []
    while not any(path.stat().st_size for path in written):
        assert process.poll() is None
        written = list(scratch.glob("*/run_1.stdout"))
    pid = int(written[0].read_text().split()[-1])
    process.send_signal(number)
    process.communicate(timeout=30)
    assert list(scratch.iterdir()) == []
    deadline = time.monotonic() + 10
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < deadline and not _is_zombie(pid):
            os.kill(pid, 0)
        assert _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--most", "2"], "--most and --timeout belong to --try; add it, or leave them out"),
        (["--try", "--most", "0"], "--most 0 is not a number of fixes; write for example --most 5"),
        (["--try", "--timeout", "-1"], "--timeout -1 is not a number of seconds; write for example --timeout 60"),
        (["--try", "--timeout", "nan"], "--timeout nan is not a number of seconds; write for example --timeout 60"),
    ],
)
def test_options_of_a_trial_are_checked(options: list[str], message: str, tmp_path: Path) -> None:
    """Values without a sense are refused with an example."""
    done = Place(tmp_path).run_ndmem("advise", *options)
    assert (done.status, done.stderr.decode()) == (2, f"ndmem: {message}\n")

"""What ``ndmem run`` says and leaves after the program: the report on stderr, the file, the exit status."""

import re
import signal
from pathlib import Path

import numpy as np
import pytest

import ndmem
from ndmem.model.trace import Domain

from .running import Place, write_program

ALLOCATE = "import numpy as np, sys, os\na = np.ones(10_000)\nprint('out', flush=True)\n"
ENDINGS = {
    "plainly": ("", 0),
    "SystemExit": ("sys.exit('theirs')", 1),
    "exception": ("1 / 0", 1),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", -2),
    "SIGKILL": ("os.kill(os.getpid(), 9)", -9),
    "SIGTERM": ("os.kill(os.getpid(), 15)", -15),
    "os._exit": ("os._exit(5)", 5),
    "abort": ("os.abort()", -6),
}


@pytest.mark.long
@pytest.mark.parametrize("ending", ENDINGS)
def test_the_report_comes_however_the_program_ends(ending: str, tmp_path: Path) -> None:
    """The report follows what the program wrote to stderr, stdout is the program's alone, the status its own."""
    code, status = ENDINGS[ending]
    name = write_program(tmp_path / "w", ALLOCATE + code)
    place = Place(tmp_path / "w")
    plain = place.run_plain(name)
    shown = place.run_ndmem("run", name)
    assert (shown.stdout, shown.status) == (plain.stdout, status)
    assert shown.stderr.startswith(plain.stderr)
    report = shown.stderr[len(plain.stderr) :].decode()
    if ending == "KeyboardInterrupt":
        assert "ended by SIGINT." in " ".join(report.split())
    elif status < 0:
        killed, _, report = report.partition("\n\n")
        assert killed.startswith(
            f"Killed by {signal.Signals(-status).name} at 78.1 KiB: one array of 78.1 KiB; last seen"
        )
    assert report.startswith("Peak 78.1 KiB: one array allocated at prog.py:2")
    assert "prog.py:2  a = np.ones(" in report
    (file,) = place.folder.glob("*.ndmem")
    assert re.fullmatch(r"ndmem-prog\.py\.\d+\.ndmem", file.name)
    assert f"ndmem report {file.name}" in report
    trace = ndmem.load(file).trace
    assert (trace.run.exit_status, trace.live_nbytes) == (status, 80_000)
    assert trace.run.program == (name,)
    assert f"ndmem-prog.py.{trace.run.pid}.ndmem" == file.name
    assert sorted(path.name for path in place.folder.iterdir()) == sorted([name, file.name])


def test_quiet_prints_nothing(tmp_path: Path) -> None:
    """With --quiet there is only what the program prints, and the file."""
    name = write_program(tmp_path / "w", ALLOCATE)
    place = Place(tmp_path / "w")
    for option in ("-q", "--quiet"):
        assert place.run_ndmem("run", option, name) == place.run_plain(name)
    assert len(list(place.folder.glob("*.ndmem"))) == 2


def test_an_older_run_is_replaced_only_by_force(tmp_path: Path) -> None:
    """An existing output file is refused before the program starts, and replaced whole with --force."""
    name = write_program(tmp_path / "w", ALLOCATE)
    place = Place(tmp_path / "w")
    target = place.folder / "t.ndmem"
    target.write_bytes(b"x" * 1_000_000)
    refused = place.run_ndmem("run", "-o", "t.ndmem", name)
    assert (refused.status, refused.stdout) == (2, b"")
    assert target.read_bytes() == b"x" * 1_000_000
    assert place.run_ndmem("run", "-q", "-f", "-o", "t.ndmem", name).status == 0
    assert ndmem.load(target).live == 80_000


def test_threshold_moves_buffers_between_events_and_counters(tmp_path: Path) -> None:
    """--threshold decides which arrays are events; bytes are the same."""
    name = write_program(tmp_path / "w", "import numpy as np\na = [np.empty(128) for _ in range(10)]\n")
    place = Place(tmp_path / "w")
    for threshold, births in (("1KiB", 10), ("1025", 0), ("4 KiB", 0), ("0", 10)):
        assert place.run_ndmem("run", "-qf", "-o", "t.ndmem", "--threshold", threshold, name).status == 0
        trace = ndmem.load(place.folder / "t.ndmem").trace
        arrays = int(np.count_nonzero(trace.events.domain == Domain.ARRAY))
        assert (arrays, trace.live_nbytes) == (births, 10_240)


def test_a_program_without_numpy_is_said_to_be_one(tmp_path: Path) -> None:
    """A program that never imports NumPy has no array memory, and the report says why."""
    name = write_program(tmp_path / "w", "print(1)")
    shown = Place(tmp_path / "w").run_ndmem("run", name)
    assert (shown.stdout, shown.status) == (b"1\n", 0)
    assert b"never imported NumPy" in shown.stderr


def test_children_are_in_the_report(tmp_path: Path) -> None:
    """A program that forks has its child in the report, and the child's file beside its own."""
    name = write_program(
        tmp_path / "w", f"{ALLOCATE}p = os.fork()\nif not p:\n    b = np.ones(5_000); os._exit(0)\nos.waitpid(p, 0)\n"
    )
    shown = Place(tmp_path / "w").run_ndmem("run", name).stderr.decode()
    assert "2 processes allocated arrays: 117 KiB together at the peak" in shown
    (file,) = (tmp_path / "w").glob("*.ndmem")
    (child,) = (tmp_path / "w").glob("*.ndmem.children/*.ndmem")
    assert child.parent.name == f"{file.name}.children"
    assert ndmem.load(child).live == 40_000

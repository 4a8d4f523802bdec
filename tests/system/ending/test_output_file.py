"""The file that the user named is never mapped or deleted, whatever happens to it while the program runs."""

import os
import signal
import stat
import sys
from pathlib import Path

import pytest
from tests.system.running import NDMEM, Outcome, Place, write_program

import ndmem
from ndmem.tracking.journal.children import read_family

PROGRAM = """\
import os, sys
from pathlib import Path
import numpy as np
first = np.ones(10_000)
target = Path(sys.argv[1])
{step}
kept = [np.empty(1000) for _ in range(20_000)]
print("done")
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder for programs."""
    (tmp_path / "w").mkdir()
    return Place(tmp_path / "w")


def run(place: Place, step: str, *options: str, name: str = "t.ndmem") -> Outcome:
    """Run a program that takes a step between its first array and 20,000 others."""
    write_program(place.folder, PROGRAM.format(step=step))
    return place.run_ndmem("run", "--no-native", "-o", name, *options, "prog.py", name)


def assert_whole(place: Place, name: str = "t.ndmem") -> None:
    """A file has the whole run: 20,000 arrays of 8,000 bytes and one of 80,000 are kept."""
    trace = ndmem.load(place.folder / name).trace
    assert trace.live_nbytes == 160_080_000
    assert trace.run.exit_status == 0


@pytest.mark.long
@pytest.mark.parametrize("force", [(), ("-f",)], ids=["", "force"])
@pytest.mark.parametrize(
    "step",
    [
        "target.open('w').close()",
        "os.truncate(target, 0)",
        "target.unlink()",
        "target.with_name('e').touch(); target.with_name('e').replace(target)",
    ],
    ids=["opened to write", "truncated", "deleted", "replaced"],
)
def test_who_empties_the_file_does_not_end_the_program(step: str, force: tuple[str, ...], place: Place) -> None:
    """Another process may cut, delete or replace the file while it is written: the program runs on."""
    if force:
        (place.folder / "t.ndmem").write_bytes(b"older")
    shown = run(place, step, *force)
    assert (shown.stdout, shown.status) == (b"done\n", 0)
    assert shown.stderr.startswith(b"Peak 153 MiB")
    assert_whole(place)
    assert {path.name for path in place.folder.iterdir()} == {"prog.py", "t.ndmem"}


@pytest.mark.long
def test_what_another_process_wrote_there_is_kept(place: Place) -> None:
    """A file that has been written under the name meanwhile stays, and the trace goes beside it, with a message."""
    (place.folder / "t.1.ndmem").write_bytes(b"mine")
    shown = run(place, "target.write_text('theirs')")
    assert (shown.stdout, shown.status) == (b"done\n", 0)
    assert (place.folder / "t.ndmem").read_text() == "theirs"
    assert (place.folder / "t.1.ndmem").read_text() == "mine"
    assert_whole(place, "t.2.ndmem")
    message = shown.stderr.decode().splitlines()[0]
    assert message.startswith("ndmem: ")
    assert message.endswith("is left as it is; the trace is in " + str(place.folder / "t.2.ndmem"))


@pytest.mark.long
def test_force_replaces_an_older_file_only_when_there_is_a_new_one(place: Place) -> None:
    """While the program runs the older file is as it was; the new one has its permissions."""
    target = place.folder / "t.ndmem"
    target.write_bytes(b"older")
    target.chmod(0o640)
    shown = run(place, "print(target.read_bytes(), oct(target.with_name('t.ndmem.partial').stat().st_mode))", "-f")
    assert shown.stdout == b"b'older' 0o100600\ndone\n"
    assert_whole(place)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


@pytest.mark.parametrize("force", [(), ("-f",)], ids=["", "force"])
@pytest.mark.parametrize(
    ("interpreter", "message"),
    [("missing", "the program cannot be started: No such file"), ("stops", "the program ended before tracking began")],
)
def test_a_program_that_is_not_started_costs_no_file(
    interpreter: str, message: str, force: tuple[str, ...], place: Place
) -> None:
    """Where a program does not begin that is said, an older file and its children's stay, and no other is made."""
    write_program(place.folder, "print(1)")
    (place.folder / "stops").write_text("#!/bin/sh\nexit 3\n")
    (place.folder / "stops").chmod(0o755)
    if force:
        (place.folder / "t.ndmem").write_bytes(b"older")
        (place.folder / "t.ndmem.children").mkdir()
        (place.folder / "t.ndmem.children" / "7.ndmem").write_bytes(b"child")
    before = {path.name for path in place.folder.iterdir()}
    words = ["run", "-o", "t.ndmem", *force, "prog.py"]
    code = f"import sys; from ndmem.cli.main import main; sys.executable = './{interpreter}'; main({words})"
    shown = place.run_plain("-c", code)
    assert (shown.status, shown.stdout) == ({"missing": 2, "stops": 3}[interpreter], b"")
    (line,) = shown.stderr.decode().splitlines()
    assert line.startswith("ndmem: ")
    assert message in line
    assert {path.name for path in place.folder.iterdir()} == before
    if force:
        assert (place.folder / "t.ndmem").read_bytes() == b"older"
        assert (place.folder / "t.ndmem.children" / "7.ndmem").read_bytes() == b"child"


@pytest.mark.long
def test_a_link_is_written_through(place: Place) -> None:
    """A symbolic link stays one: its target has the trace, which both names lead to, with the children's beside it."""
    (place.folder / "elsewhere").mkdir()
    (place.folder / "t.ndmem").symlink_to("elsewhere/real.ndmem")
    step = "child = os.fork()\nif child == 0:\n    made = np.ones(5000); sys.exit(0)\nos.waitpid(child, 0)"
    assert run(place, step).status == 0
    assert (place.folder / "t.ndmem").is_symlink()
    for name in ("t.ndmem", "elsewhere/real.ndmem"):
        assert_whole(place, name)
        assert len(read_family(place.folder / name, ndmem.load(place.folder / name).trace).members) == 2
    assert {path.name for path in (place.folder / "elsewhere").iterdir()} == {"real.ndmem", "real.ndmem.children"}


def test_a_record_that_is_cut_is_said(place: Place) -> None:
    """Who cuts the record itself, whose name is only ndmem's, ends the program; that is said, and no file is left."""
    shown = run(place, "os.truncate(f'{target}.partial', 0)")
    assert shown.status == -signal.SIGBUS
    (message,) = shown.stderr.decode().splitlines()
    assert message.startswith("ndmem: could not produce the report: ")
    assert message.endswith("t.ndmem.partial was emptied while the program ran")
    assert {path.name for path in place.folder.iterdir()} == {"prog.py"}


@pytest.mark.long
def test_the_record_of_a_killed_run_is_found_and_its_place_taken(place: Place) -> None:
    """When program and launcher are killed the record is read by the run's name; a new run may take its place."""
    assert run(place, "os.kill(os.getppid(), 9); os.kill(os.getpid(), 9)").status == -signal.SIGKILL
    assert {path.name for path in place.folder.iterdir()} == {"prog.py", "t.ndmem", "t.ndmem.partial"}
    for name in ("t.ndmem", "t.ndmem.partial"):
        trace = ndmem.load(place.folder / name).trace
        assert (trace.peak.nbytes >= 80_000, trace.run.ended) == (True, "lost")
    refused = run(place, "pass")
    assert (refused.status, refused.stderr.count(b"\n")) == (2, 1)
    assert b"--force" in refused.stderr
    assert run(place, "pass", "-f").status == 0
    assert_whole(place)
    assert {path.name for path in place.folder.iterdir()} == {"prog.py", "t.ndmem"}


@pytest.mark.long
def test_nothing_in_the_way_of_the_record_is_deleted(place: Place) -> None:
    """A file of the record's name that is not ndmem's, and the record of a run that goes on, stay as they are."""
    (place.folder / "t.ndmem.partial").write_bytes(b"a download")
    shown = run(place, "pass")
    assert (shown.status, shown.stdout, shown.stderr.count(b"\n")) == (2, b"", 1)
    assert b"t.ndmem.partial exists and is not a file of ndmem" in shown.stderr
    assert {path.name for path in place.folder.iterdir()} == {"prog.py", "t.ndmem.partial"}
    assert (place.folder / "t.ndmem.partial").read_bytes() == b"a download"
    (place.folder / "t.ndmem.partial").unlink()
    write_program(place.folder, "print(1)", "other.py")
    ndmem_command = "import subprocess, sysconfig\nndmem = sysconfig.get_path('scripts') + '/ndmem'\n"
    again = "subprocess.run([sys.executable, ndmem, 'run', '-f', '-o', str(target), 'other.py'])"
    shown = run(place, ndmem_command + again)
    assert (shown.status, shown.stdout) == (0, b"done\n")
    assert b"is being recorded there; choose another path with -o" in shown.stderr
    assert_whole(place)


def test_the_programs_own_output_is_no_place_for_a_trace(place: Place) -> None:
    """A file that standard output goes to is refused, whatever it is called."""
    write_program(place.folder, "print(1)")
    (place.folder / "link").symlink_to("/proc/self/fd/1")
    for name in ("link", "out"):
        command = f'exec "$0" "$1" run -f -o {name} prog.py > out'
        shown = place.run("/bin/sh", "-c", command, sys.executable, NDMEM)
        assert (shown.status, shown.stderr.count(b"\n")) == (2, 1)
        assert b"the program itself writes there" in shown.stderr
        assert (place.folder / "out").read_bytes() == b""
    piped = place.run_ndmem("run", "-f", "-o", "link", "prog.py")
    assert (piped.status, piped.stdout, piped.stderr.count(b"\n")) == (2, b"", 1)
    assert b"not a regular file" in piped.stderr
    assert (place.folder / "link").is_symlink()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(place: Place) -> None:
    """Without the right to make a file in the folder nothing is started, even where the file itself may be written."""
    (place.folder / "t.ndmem").write_bytes(b"older")
    write_program(place.folder, "print(1)")
    place.folder.chmod(0o500)
    try:
        shown = place.run_ndmem("run", "-f", "-o", "t.ndmem", "prog.py")
    finally:
        place.folder.chmod(0o700)
    assert (shown.status, shown.stdout, shown.stderr.count(b"\n")) == (2, b"", 1)
    assert b"Permission denied" in shown.stderr
    assert (place.folder / "t.ndmem").read_bytes() == b"older"

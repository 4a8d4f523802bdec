"""Bad input to any command: one line that says what is wrong, exit status 2, and never a traceback."""

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.system.running import NDMEM, TIMEOUT_S, Outcome, Place, write_program
from tests.traces import Frame, TraceBuilder

import ndmem
from ndmem.model.holder import Holder
from ndmem.model.trace_file.writing import write_trace

SOURCE = "import numpy as np\na = np.ones(10_000)\nopen('ran', 'w')\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder with a program, a saved run and some files that are none."""
    with ndmem.track() as run:
        a = np.zeros(1000)
    assert a.nbytes == 8000
    write_program(tmp_path, SOURCE)
    run.save(tmp_path / "ok.ndmem")
    (tmp_path / "page.html").write_text("<html>", "ascii")
    return Place(tmp_path)


def assert_refused(outcome: Outcome, *words: str) -> None:
    """One line of ours on stderr with the given words, nothing on stdout, exit status 2."""
    text = outcome.stderr.decode()
    assert (outcome.status, outcome.stdout) == (2, b"")
    assert text.startswith("ndmem: ")
    assert text.count("\n") == 1
    assert text.endswith("\n")
    for word in words:
        assert word in text


# As a process; test_bad_input_table has all kinds, without one.
@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ("", "no command"),
        ("run missing.py", "missing.py"),
        ("run -o ok.ndmem prog.py", "--force"),
        (f"run -o {'x' * 300} prog.py", "too long"),
        ("run --threshold 3GiB prog.py", "1073741824"),
        ("report page.html", "an HTML page"),
        ("report -o /dev/full ok.ndmem", "No space"),
    ],
)
def test_bad_usage_is_one_line_and_exit_status_2(arguments: str, word: str, place: Place) -> None:
    """Whatever is wrong is named in one line; no program is started, and no file is made or changed."""
    before = {path: path.read_bytes() for path in place.folder.iterdir() if path.is_file()}
    assert_refused(place.run_ndmem(*arguments.split()), word)
    assert {path: path.read_bytes() for path in place.folder.iterdir() if path.is_file()} == before
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("argument", ["\x1b[31mred", "\udcff", "☃"])
def test_strange_words_are_shown_harmless(argument: str, place: Place) -> None:
    """An empty name, control characters and bytes that are no text are still one harmless line."""
    for command in ("run", "report", "stats"):
        outcome = place.run_ndmem(command, argument)
        assert_refused(outcome)
        assert b"\x1b" not in outcome.stderr
    assert_refused(place.run_ndmem("run", "-o", "", "prog.py"))


@pytest.mark.parametrize(
    "arguments",
    ["report", "report --by stack", "report --by function --at end", "report --library", "stats"],
)
def test_hostile_names_in_a_trace_are_shown_harmless(arguments: str, tmp_path: Path) -> None:
    """Names with escape sequences, markup, line ends and lone surrogates reach the terminal harmless."""
    evil = "\x1b]0;owned\x07\x1b[2J[bold red]x[/bold red][/]\r\n\u202e\udcff:smile:"
    builder = TraceBuilder()
    path = (Frame(f"/home/{evil}.py", 3, evil, (0, 4)),)
    number = builder.number(builder.born(path, 80_000))
    trace = builder.build(
        holders=[Holder(number, evil, evil, (10_000,), evil, False)],
        sources={f"/home/{evil}.py": f"a\nb\n{evil}"},
        program=(evil,),
        notes=(evil,),
    )
    write_trace(trace, tmp_path / "evil.ndmem")
    outcome = Place(tmp_path).run_ndmem(*arguments.split(), "evil.ndmem")
    assert outcome.status == 0
    assert outcome.stderr == b""
    text = outcome.stdout.decode()
    assert [c for c in text if not c.isprintable() and c != "\n"] == []
    if arguments != "stats":
        assert "[bold red]" in text.replace("\n", "")


@pytest.mark.long
def test_the_first_line_of_a_report_can_be_taken(place: Place) -> None:
    """A reader that closes the pipe early causes no message."""
    for command in ("report ok.ndmem", "report --format json ok.ndmem", "stats ok.ndmem"):
        done = subprocess.run(
            ["/bin/sh", "-c", f'"$0" "$1" {command} | head -n 1', sys.executable, NDMEM],
            cwd=place.folder,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert (done.stderr, done.stdout.count(b"\n")) == (b"", 1)


def test_output_that_finds_no_room(place: Place) -> None:
    """A full standard output is one line and exit status 2."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, NDMEM, "report", "ok.ndmem"],
            cwd=place.folder,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=TIMEOUT_S,
            check=False,
        )
    assert_refused(Outcome(b"", done.stderr, done.returncode), "No space")


def test_no_room_for_a_trace_is_said_before_the_program_starts(place: Place) -> None:
    """Where files may have 100 KiB the program is not started, and nothing is left."""
    done = subprocess.run(
        [sys.executable, NDMEM, "run", "prog.py"],
        cwd=place.folder,
        capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        timeout=TIMEOUT_S,
        check=False,
    )
    assert_refused(Outcome(done.stdout, done.stderr, done.returncode), "File too large")
    assert not (place.folder / "ran").exists()
    assert not any(path.name.startswith((".ndmem", "ndmem-")) for path in place.folder.iterdir())


def test_a_trace_that_outgrows_its_room_keeps_the_program_running(place: Place) -> None:
    """Where the journal cannot grow the program runs on, its figures stay exact, and the report says what is lost."""
    source = "import numpy as np\nfor i in range(30_000):\n    a = np.empty(1000)\nprint('done')\nraise SystemExit(7)"
    name = write_program(place.folder, source, "many.py")
    done = subprocess.run(
        [sys.executable, NDMEM, "run", "-o", "t.ndmem", name],
        cwd=place.folder,
        capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000)),
        timeout=TIMEOUT_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (7, b"done\n")
    assert b"Traceback" not in done.stderr
    assert b"dropped" in done.stderr
    trace = ndmem.load(place.folder / "t.ndmem").trace
    assert (trace.peak.nbytes, trace.total_nbytes, trace.live_nbytes) == (16_000, 30_000 * 8000, 8000)
    assert trace.dropped > 0

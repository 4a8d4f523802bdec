"""``ndmem report`` and ``ndmem run`` in formats for other tools."""

import contextlib
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from tests.system.running import NDMEM, Place, write_program

import ndmem
from ndmem.units import format_nbytes

SOURCE = "import numpy as np\na = np.zeros(10_000)\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder with a saved run: one array of 80,000 bytes."""
    with ndmem.track() as run:
        held = np.zeros(10_000)
    assert held.nbytes == 80_000
    run.save(tmp_path / "a.ndmem")
    write_program(tmp_path, SOURCE)
    return Place(tmp_path)


def test_stacks_can_be_weighed_by_the_total(place: Place) -> None:
    """All that was allocated is the one array."""
    done = place.run_ndmem("report", "a.ndmem", "--format", "collapsed", "--of", "total")
    assert (done.status, done.stderr) == (0, b"")
    assert done.stdout.endswith(b" 80000\n")
    nothing = place.run_ndmem("report", "a.ndmem", "--format", "collapsed", "--of", "temporary")
    assert (nothing.status, nothing.stdout) == (0, b"")


def test_lines_that_grow_are_named_with_what_each_execution_adds(place: Place) -> None:
    """A line whose arrays stay, early and late ones, has a sentence; one that replaces its array has none."""
    write_program(
        place.folder,
        "import numpy as np\nkept = []\n"
        "for n in range(10):\n    kept.append(np.ones(1280))\n    last = np.ones(2560)\n",
    )
    done = place.run_ndmem("run", "-q", "--leaks", "-o", "d.ndmem", "prog.py")
    grows = " ".join(done.stderr.decode().split()).partition("Grows: ")[2]
    assert grows == "prog.py:4 `np.ones(1280)` leaves 10 KiB more behind with each execution (10 so far)."


def test_what_stayed_is_a_table_of_its_own(place: Place) -> None:
    """The array that is still held is listed by its line, with what keeps it; a range without it has one sentence."""
    done = place.run_ndmem("run", "-q", "-o", "b.ndmem", "prog.py")
    assert done.status == 0
    shown = place.run_ndmem("report", "b.ndmem", "--leaks")
    assert (shown.status, shown.stderr) == (0, b"")
    lines = shown.stdout.decode().splitlines()
    assert lines[0] == "78.1 KiB in 1 array, allocated during the run, live at the end of that time."
    assert lines[3].split()[:3] == ["78.1", "KiB", "1"]
    assert "prog.py:2" in lines[3]
    assert "`a`" in lines[3]
    at_once = place.run_ndmem("run", "-q", "--leaks", "-o", "c.ndmem", "prog.py")
    assert (at_once.status, at_once.stderr.decode().splitlines()[0]) == (0, lines[0])
    later = place.run_ndmem("report", "b.ndmem", "--leaks", "--from", "1e6")
    assert b"nothing was allocated after 1e+06 s" in later.stdout
    written = place.run_ndmem("report", "b.ndmem", "--leaks", "-o", "left.txt")
    assert (written.status, written.stdout) == (0, b"")
    assert (place.folder / "left.txt").read_text().splitlines()[0] == lines[0]


def test_counter_tracks_are_json(place: Place) -> None:
    """The highest of the arrays' track is what the array has."""
    done = place.run_ndmem("report", "a.ndmem", "--format", "chrome")
    tracks = [event["args"] for event in json.loads(done.stdout)["traceEvents"] if event["name"] == "arrays"]
    assert max(sum(values.values()) for values in tracks) == 80_000


def test_html_goes_to_a_file_or_to_standard_output(place: Place) -> None:
    """Both are the same page."""
    written = place.run_ndmem("report", "a.ndmem", "--format", "html", "--plotlyjs", "cdn", "-o", "a.html")
    assert (written.status, written.stdout, written.stderr) == (0, b"", b"")
    printed = place.run_ndmem("report", "a.ndmem", "--format", "html", "--plotlyjs", "cdn")
    assert printed.stdout == (place.folder / "a.html").read_bytes()
    assert b'data-peak-nbytes="80000"' in printed.stdout


def test_markdown_has_the_moment_that_is_asked_for(place: Place) -> None:
    """It goes to a file or to standard output, and shows the peak or the end."""
    written = place.run_ndmem("report", "a.ndmem", "--format", "markdown", "-o", "a.md")
    assert (written.status, written.stdout, written.stderr) == (0, b"", b"")
    printed = place.run_ndmem("report", "a.ndmem", "--format", "markdown")
    assert printed.stdout == (place.folder / "a.md").read_bytes()
    assert printed.stdout.startswith(b"**Peak 78.1 KiB")
    assert b"| **78.1 KiB** | **all** |" in printed.stdout
    ended = place.run_ndmem("report", "a.ndmem", "--format", "markdown", "--at", "end")
    assert b"| share | kept |" in ended.stdout


def read_terminal(descriptor: int) -> str:
    """Return what a program wrote to its terminal, whose end is an error of the system."""
    parts = []
    with contextlib.suppress(OSError):
        while part := os.read(descriptor, 65536):
            parts.append(part)
    return b"".join(parts).decode()


def report_on_a_terminal(place: Place) -> tuple[int, str, str]:
    """Return the status of ``ndmem report a.ndmem --format html`` on a terminal, its stdout and its stderr."""
    ours, theirs = os.openpty()
    command = [NDMEM, "report", "a.ndmem", "--format", "html", "--plotlyjs", "cdn"]
    with subprocess.Popen(command, cwd=place.folder, stdout=theirs, stderr=subprocess.PIPE, text=True) as process:
        os.close(theirs)
        stdout = read_terminal(ours)
        assert process.stderr is not None
        stderr = process.stderr.read()
    os.close(ours)
    return process.returncode, stdout, stderr


@pytest.mark.long
def test_a_terminal_gets_no_page_but_its_name(place: Place) -> None:
    """On a terminal the page is written beside the run and named with its size, and again when asked for again."""
    for _ in range(2):
        status, stdout, stderr = report_on_a_terminal(place)
        page = place.folder / "a.html"
        assert (status, stdout) == (0, "")
        assert stderr == f"ndmem: wrote a.html ({format_nbytes(page.stat().st_size)})\n"
        assert 'data-peak-nbytes="80000"' in page.read_text("ascii")


def test_a_terminal_keeps_a_file_of_another_program(place: Place) -> None:
    """A file of the page's name that ndmem did not write stays as it is, and the message names the option."""
    (place.folder / "a.html").write_text("<html>mine</html>")
    status, stdout, stderr = report_on_a_terminal(place)
    assert (status, stdout) == (2, "")
    assert stderr == "ndmem: a.html exists and is not a page of ndmem; choose another path with -o\n"
    assert (place.folder / "a.html").read_text() == "<html>mine</html>"


def test_a_run_writes_its_page(place: Place) -> None:
    """``ndmem run --html`` leaves the page beside the trace and names it, and the program's status is kept."""
    done = place.run_ndmem("run", "-o", "run.ndmem", "--html", "run.html", "-c", f"{SOURCE}raise SystemExit(3)")
    assert (done.status, done.stdout) == (3, b"")
    size = format_nbytes((place.folder / "run.html").stat().st_size)
    assert done.stderr.decode().splitlines()[-1] == f"ndmem: wrote run.html ({size})"
    quiet = place.run_ndmem("run", "-q", "-f", "-o", "run.ndmem", "--html", "run.html", "-c", SOURCE)
    assert (quiet.status, quiet.stderr) == (0, b"")
    page = (place.folder / "run.html").read_text("ascii")
    assert 'data-peak-nbytes="80000"' in page
    assert "Plotly" in page


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ("report a.ndmem --of total", "--of needs --format collapsed or speedscope"),
        ("report a.ndmem --format collapsed --of most", "most"),
        ("report a.ndmem --format collapsed --of total --at end", "--at and --of both choose"),
        ("report a.ndmem --format chrome --at end", "--at and --library do not apply to --format chrome"),
        ("report a.ndmem --format html --at end", "--at does not apply to --format html"),
        ("report a.ndmem --format html --by line", "--by needs --format text"),
        ("report a.ndmem --format markdown --by line", "--by needs --format text"),
        ("report a.ndmem --plotlyjs cdn", "--plotlyjs needs --format html"),
        ("report a.ndmem --format html -o a.ndmem", "'a.ndmem' is the run itself"),
        ("run --html prog.py prog.py", "prog.py exists; choose another path with --html, or pass --force"),
        ("run -o x --html x prog.py", "'x' is the file of the trace; choose another path with --html"),
        ("run --html no/x.html prog.py", "cannot write no/x.html: its folder does not exist"),
    ],
)
def test_bad_usage_is_one_line(place: Place, arguments: str, word: str) -> None:
    """A mistake is answered by one line with its reason and exit status 2, and no program runs."""
    done = place.run_ndmem(*arguments.split())
    assert (done.status, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)
    assert word in done.stderr.decode()

"""``ndmem report`` and ``ndmem run`` in formats for other tools."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.system.running import Place, write_program

import ndmem

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


def test_a_run_writes_its_page(place: Place) -> None:
    """``ndmem run --html`` leaves the page beside the trace, and the program's status is kept."""
    done = place.run_ndmem("run", "-q", "-o", "run.ndmem", "--html", "run.html", "-c", f"{SOURCE}raise SystemExit(3)")
    assert (done.status, done.stdout) == (3, b"")
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

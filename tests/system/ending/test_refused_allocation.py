"""A program that ends because an allocation was refused."""

import io
from pathlib import Path

import pytest
from tests.system.running import Place, write_program

import ndmem

PROGRAM = """\
import numpy as np

def load(n):
    return np.ones((n, n))

table = np.ones((1000, 1000))
load(10**8)
"""


def test_what_was_asked_for_and_where_is_the_first_sentence(tmp_path: Path) -> None:
    """The report begins with the refused allocation at the program's own line; the file has it for every view."""
    place = Place(tmp_path / "w")
    write_program(place.folder, PROGRAM)
    shown = place.run_ndmem("run", "-o", "t.ndmem", "prog.py")
    text = " ".join(shown.stderr.decode().split())
    assert shown.status == 1
    assert "Ended by MemoryError at prog.py:4 in load: Unable to allocate " in text
    assert "an array with shape (100000000, 100000000) and data type float64; 7.63 MiB of arrays was live" in text
    run = ndmem.load(place.folder / "t.ndmem")
    assert run.trace.run.refusal is not None
    assert run.trace.run.refusal.lineno == 4
    written = io.StringIO()
    run.report(written, form="json")
    assert '"refusal": {"message": "Unable to allocate ' in written.getvalue()


def test_no_code_of_the_programs_error_runs(tmp_path: Path) -> None:
    """An error class of the program is told by its place alone: its text is asked for as often as in the plain run."""
    place = Place(tmp_path / "w")
    code = "    def __str__(self):\n        print('asked')\n        raise ValueError('no text')\n"
    write_program(place.folder, f"import numpy\nclass Full(MemoryError):\n{code}raise Full\n")
    plain = place.run_plain("prog.py")
    shown = place.run_ndmem("run", "-o", "t.ndmem", "prog.py")
    assert (shown.stdout, shown.status) == (plain.stdout, plain.status)
    refusal = ndmem.load(place.folder / "t.ndmem").trace.run.refusal
    assert refusal is not None
    assert (refusal.message, refusal.lineno) == ("", 6)


def test_the_place_of_a_failed_programs_peak_is_its_own_line(tmp_path: Path) -> None:
    """Python imports modules to print a traceback: a peak reached then is named as such, not as a line of a library."""
    place = Place(tmp_path / "w")
    write_program(place.folder, "import numpy as np\na = np.ones(100_000)\nraise ValueError(1)")
    shown = place.run_ndmem("run", "-o", "t.ndmem", "prog.py")
    text = " ".join(shown.stderr.decode().split())
    assert "allocated at prog.py:2" in text
    assert "<frozen" not in text


@pytest.mark.parametrize("code", ["try:\n    bytearray(2**62)\nexcept MemoryError:\n    pass", "raise ValueError(1)"])
def test_other_ends_have_no_refusal(tmp_path: Path, code: str) -> None:
    """A refusal that the program handled, and another error, do not end it for lack of memory."""
    place = Place(tmp_path / "w")
    write_program(place.folder, f"import numpy as np\na = np.ones(1_000_000)\n{code}")
    place.run_ndmem("run", "-o", "t.ndmem", "prog.py")
    assert ndmem.load(place.folder / "t.ndmem").trace.run.refusal is None


def test_the_message_about_a_limit_is_no_line_of_the_program(tmp_path: Path) -> None:
    """What ndmem imports to explain a refusal is its own; a peak reached while Python prints it is named as such."""
    place = Place(tmp_path / "w")
    write_program(place.folder, "import numpy as np\ntable = np.ones(4_000_000)\nmore = np.ones(40_000_000)\n")
    shown = place.run_ndmem("run", "--limit", "100MB", "-o", "t.ndmem", "prog.py")
    text = " ".join(shown.stderr.decode().split())
    assert "would exceed the budget" in text
    where = text.partition("Including native (non-array) memory: ")[2].partition(",")[0]
    assert where.endswith((" while Python printed the traceback", " at prog.py:2"))


def test_a_variable_of_a_function_that_an_error_ended_has_its_name(tmp_path: Path) -> None:
    """What only a kept traceback holds at the end is named by the variable and the function."""
    place = Place(tmp_path / "w")
    code = "kept = []\ndef load(n):\n    table = np.ones(n)\n    raise ValueError(n)\n"
    tries = "try:\n    load(500_000)\nexcept ValueError as error:\n    kept.append(error)\n"
    write_program(place.folder, f"import numpy as np\n{code}{tries}")
    assert place.run_ndmem("run", "-q", "-o", "t.ndmem", "prog.py").status == 0
    names = {holder.name for holder in ndmem.load(place.folder / "t.ndmem").trace.holders}
    assert "kept[0].__traceback__.tb_frame local table of load" in names

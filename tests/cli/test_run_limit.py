"""``ndmem run --limit``: the program ends at the guilty line, with what was live."""

from pathlib import Path

import pytest
from tests.system.running import Place, write_program

import ndmem
from ndmem.units import format_nbytes

_GROW = """
import numpy as np
def load(i):
    return np.zeros(250_000_000)
parts = []
for i in range(100):
    parts.append(load(i))
print("all", len(parts))
"""


def test_a_program_that_needs_too_much_ends_at_the_guilty_line(tmp_path: Path) -> None:
    """200 GB of zeros under --limit auto: NumPy's error, ours with the largest arrays, and the report."""
    place = Place(tmp_path)
    outcome = place.run_ndmem("run", "--limit", "auto", "-o", "out.ndmem", write_program(tmp_path, _GROW))
    text = outcome.stderr.decode()
    assert (outcome.status, outcome.stdout) == (1, b"")
    assert "ArrayMemoryError: Unable to allocate 1.86 GiB" in text
    assert "ndmem.errors.BudgetExceeded: 1.86 GiB more at prog.py:4 in load would exceed the budget of" in text
    assert "1.86 GiB  float64 (250000000,) CF  parts[0]; allocated at prog.py:4 in load" in text
    assert "\nPeak " in text
    assert "refused arrays once, the last of 2,000,000,000 bytes" in " ".join(text.split())


def test_a_program_may_catch_a_refusal(tmp_path: Path) -> None:
    """What is caught is a MemoryError like any other; the report says that it happened."""
    source = (
        "import numpy as np\ntry:\n    np.ones(10**8)\nexcept MemoryError as error:\n"
        "    print(type(error).__name__)\nnp.ones(1000)\n"
    )
    outcome = Place(tmp_path).run_ndmem("run", "--limit", "400 MiB", "-o", "out.ndmem", write_program(tmp_path, source))
    assert (outcome.status, outcome.stdout) == (0, b"MemoryError\n")
    assert "refused arrays once, the last of 800,000,000 bytes" in " ".join(outcome.stderr.decode().split())


def test_the_report_says_the_limit_and_what_was_left(tmp_path: Path) -> None:
    """The trace has the limit as its budget, also when the program was killed; what is left is less than it."""
    source = "import os, signal\nimport numpy as np\na = np.ones(10**6)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    place = Place(tmp_path)
    outcome = place.run_ndmem("run", "--limit", "400 MiB", "-o", "out.ndmem", write_program(tmp_path, source))
    trace = ndmem.load(tmp_path / "out.ndmem").trace
    assert trace.total is not None
    assert trace.run.budget_nbytes == 400 * 2**20
    left = 400 * 2**20 - trace.total.nbytes
    assert f"Budget 400 MiB; at least {format_nbytes(left)} stayed free." in outcome.stderr.decode()


def test_an_error_of_the_program_is_shown_as_ever(tmp_path: Path) -> None:
    """A traceback that no refusal caused is that of the plain run."""
    place = Place(tmp_path)
    program = write_program(tmp_path, "import numpy as np\nraise MemoryError('mine')\n")
    assert place.run_tracked("--limit", "1 GiB", program) == place.run_plain(program)


def test_native_memory_counts_and_is_never_refused(tmp_path: Path) -> None:
    """With 600 MiB of native memory a limit of 500 MiB refuses the next array; without watching it does not."""
    source = (
        "import ctypes\nimport numpy as np\nblock = ctypes.CDLL(None).malloc\nblock.restype = ctypes.c_void_p\n"
        "block.argtypes = [ctypes.c_size_t]\nassert block(600 * 2**20)\nprint('native')\nnp.ones(1000)\n"
        "print('array')\n"
    )
    program = write_program(tmp_path, source)
    with_native = Place(tmp_path).run_tracked("--limit", "500 MiB", program)
    assert (with_native.status, with_native.stdout) == (1, b"native\n")
    assert b"of arrays and native memory are live" in with_native.stderr
    without = Place(tmp_path).run_tracked("--limit", "500 MiB", "--no-native", program)
    assert (without.status, without.stdout) == (0, b"native\narray\n")


def test_a_limit_below_what_is_live_is_said(tmp_path: Path) -> None:
    """A limit that NumPy's own import passes ends the program there, with one line and status 2."""
    outcome = Place(tmp_path).run_tracked("--limit", "1000", "-c", "import numpy; print('ran')")
    assert (outcome.status, outcome.stdout) == (2, b"")
    assert outcome.stderr.startswith(b"ndmem: the limit of 1000 bytes is already exceeded: ")
    assert outcome.stderr.count(b"\n") == 1


@pytest.mark.parametrize("text", ["4x", "-1", "nan", "0%", "200%", ""])
def test_a_bad_limit_is_one_line(tmp_path: Path, text: str) -> None:
    """The program is not started."""
    outcome = Place(tmp_path).run_ndmem("run", "--limit", text, "-c", "print('ran')")
    assert (outcome.status, outcome.stdout) == (2, b"")
    assert outcome.stderr.startswith(b"ndmem: Invalid value for '--limit'")
    assert outcome.stderr.count(b"\n") == 1

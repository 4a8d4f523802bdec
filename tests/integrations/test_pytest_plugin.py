"""The pytest plugin, in a pytest of its own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integrations.pytest_runs import HEAD, run_pytest


def test_the_peak_of_a_test_is_limited_to_the_byte(tmp_path: Path) -> None:
    """A test at its limit passes and one byte more fails; what was there before does not count; no option is needed."""
    source = """
@pytest.mark.limit_arrays(1000)
def test_at():
    np.empty(1000, "u1")
@pytest.mark.limit_arrays(1000)
def test_beyond():
    np.empty(1001, "u1")
@pytest.mark.limit_arrays("1000 B")
def test_before(table):
    del table
@pytest.mark.limit_arrays(1000)
@pytest.mark.parametrize("nbytes", [1000, 1001])
def test_each(nbytes):
    np.empty(nbytes, "u1")
class TestCase(unittest.TestCase):
    @pytest.mark.limit_arrays(1000)
    def test_beyond(self):
        np.empty(1001, "u1")
"""
    found, text = run_pytest(tmp_path, source)
    assert found == {
        "test_at": "PASSED",
        "test_beyond": "FAILED",
        "test_before": "PASSED",
        "test_each[1000]": "PASSED",
        "test_each[1001]": "FAILED",
        "TestCase::test_beyond": "FAILED",
    }
    assert "1001 B of arrays > limit 1000 B\nlimit_arrays(1000): highest live bytes of its arrays\n" in text


@pytest.mark.long
def test_a_failure_shows_the_lines_and_the_largest_arrays(tmp_path: Path) -> None:
    """The message has the line table, and the arrays at the peak with what made them."""
    source = """
@pytest.mark.limit_arrays("1 MiB")
def test_big():
    first = np.empty(2_000_000, "u1")
    second = first + 1
"""
    _, text = run_pytest(tmp_path, source)
    assert "3.81 MiB of arrays > limit 1 MiB\nlimit_arrays('1 MiB'): highest live bytes of its arrays\n" in text
    assert re.search(r"50%  1\.91 MiB .* second = first \+ 1", text)
    assert re.search(r"1\.91 MiB  test_it\.py:\d+ np\.empty\(2_000_00", text)


@pytest.mark.long
def test_the_summary_has_the_figure_and_the_limit(tmp_path: Path) -> None:
    """Each line of pytest's summary is whole in 80 columns, at which pytest cuts longer ones in a terminal."""
    source = """
@pytest.mark.limit_arrays("1 MiB")
def test_peak():
    kept.append(np.empty(2_000_000, "u1"))
@pytest.mark.limit_leaked_arrays("1 KiB")
def test_leak():
    kept.append(np.empty(8000, "u1"))
"""
    _, text = run_pytest(tmp_path, source)
    summary = [line for line in text.splitlines() if line.startswith("FAILED")]
    assert summary == [
        "FAILED test_it.py::test_peak - Failed: 1.91 MiB of arrays > limit 1 MiB",
        "FAILED test_it.py::test_leak - Failed: 7.81 KiB of arrays kept > limit 1 KiB",
    ]
    assert max(map(len, summary)) <= 80


@pytest.mark.long
def test_a_failure_has_no_line_of_the_program_that_runs_pytest(tmp_path: Path) -> None:
    """A script that starts pytest is no caller of a test's arrays; a test's own callers and temporaries stay."""
    source = """
def make(n):
    return np.empty(n, "u1")
@pytest.mark.limit_arrays("1 MiB")
def test_big():
    total = make(2_000_000)[np.argmax(np.ones(500_000, "u1"))]
"""
    (tmp_path / "test_it.py").write_text(HEAD + source, "utf-8")
    (tmp_path / "start_tests.py").write_text(
        "import sys\nimport pytest\nsys.exit(pytest.main(['-p', 'no:cacheprovider']))\n", "utf-8"
    )
    done = subprocess.run(
        [sys.executable, "start_tests.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert re.search(r"100%  2\.38 MiB +2\.38 MiB .* total = make\(2_000_000\)", done.stdout)
    assert "start_tests.py" not in done.stdout
    assert "pytest.main" not in done.stdout


@pytest.mark.long
def test_a_factor_is_of_the_fixtures(tmp_path: Path) -> None:
    """factor= allows so many times the arrays of all arguments, or of those named: 150,000 and 50,000 bytes here."""
    source = """
@pytest.mark.limit_arrays(factor=2.0)
def test_all(table, other):
    np.empty(300_000, "u1")
@pytest.mark.limit_arrays(factor=2.0, of="other")
def test_named(table, other):
    np.empty(100_000, "u1")
@pytest.mark.limit_arrays(factor=2.0, of=["other"])
def test_beyond(table, other):
    np.empty(100_001, "u1")
"""
    found, text = run_pytest(tmp_path, source)
    assert found == {"test_all": "PASSED", "test_named": "PASSED", "test_beyond": "FAILED"}
    assert "100,001 bytes of arrays > limit 100,000\nlimit_arrays(factor=2.0, of=['other']): " in text


def test_what_is_alive_afterwards_is_limited(tmp_path: Path) -> None:
    """limit_leaked_arrays counts what lives after the test and a collection of cycles, not what it had meanwhile."""
    source = """
@pytest.mark.limit_leaked_arrays("1 KiB")
def test_keeps():
    kept.append(np.empty(8000, "u1"))
@pytest.mark.limit_leaked_arrays("1 KiB")
def test_cycle():
    cycle = [np.empty(10_000, "u1")]
    cycle.append(cycle)
"""
    found, text = run_pytest(tmp_path, source)
    assert found == {"test_keeps": "FAILED", "test_cycle": "PASSED"}
    assert "7.81 KiB of arrays kept > limit 1 KiB\nlimit_leaked_arrays('1 KiB'): bytes of its arrays that" in text
    assert "kept[0] (8000,) uint8" in text


@pytest.mark.long
def test_what_an_object_holds_is_named_when_a_test_leaks(tmp_path: Path) -> None:
    """A failing limit_leaked_arrays names the attribute, closure or cache that keeps the array, not only variables."""
    source = """
import functools
class Service:
    def __init__(self):
        self.frames = {}
service = Service()
hooks = []
@functools.cache
def load(n):
    return np.full(n, 1, "u1")
def make_hook():
    data = np.full(8000, 1, "u1")
    return lambda: data
@pytest.mark.limit_leaked_arrays("1 KiB")
def test_attribute():
    service.frames["first"] = np.empty(8000, "u1")
@pytest.mark.limit_leaked_arrays("1 KiB")
def test_closure():
    hooks.append(make_hook())
@pytest.mark.limit_leaked_arrays("1 KiB")
def test_cache():
    load(8000)
"""
    _, text = run_pytest(tmp_path, source)
    parts = re.split(r"^_+ test_(attribute|closure|cache) _+$", text, flags=re.MULTILINE)
    said = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert "service.frames['first']" in said["attribute"]
    assert "hooks[0]" in said["closure"]
    assert "load (inside" in said["cache"]


@pytest.mark.long
def test_pytest_memrays_names_are_understood(tmp_path: Path) -> None:
    """Without that plugin its two marks limit arrays."""
    source = """
@pytest.mark.limit_memory("1 KB")
def test_within():
    np.empty(1024, "u1")
@pytest.mark.limit_memory("1 KB", current_thread_only=False)
def test_beyond():
    np.empty(1025, "u1")
@pytest.mark.limit_leaks("1 KB")
def test_leaks():
    kept.append(np.empty(1025, "u1"))
"""
    found, _ = run_pytest(tmp_path, source, "--strict-markers")
    assert found == {"test_within": "PASSED", "test_beyond": "FAILED", "test_leaks": "FAILED"}


@pytest.mark.long
def test_another_failure_stays_what_it_is(tmp_path: Path) -> None:
    """A test that fails by itself shows its own reason alone, and a limit that is kept does not hide it."""
    source = """
@pytest.mark.limit_arrays(1)
def test_fails():
    np.empty(1000, "u1")
    assert "mine" == "other"
"""
    found, text = run_pytest(tmp_path, source)
    assert found == {"test_fails": "FAILED"}
    assert "> limit" not in text


_WRONG_MARKS = [
    ("@pytest.mark.limit_arrays", "limit_arrays() needs one limit; write limit_arrays('1 MiB') or"),
    ("@pytest.mark.limit_arrays(1, factor=2.0)", "limit_arrays(1, factor=2.0) needs one limit"),
    ("@pytest.mark.limit_arrays('1 XB')", "limit_arrays('1 XB'): '1 XB' is not a number of bytes"),
    ("@pytest.mark.limit_arrays(-1)", "limit_arrays(-1): -1 is out of range"),
    ("@pytest.mark.limit_arrays(factor=float('nan'))", "factor=nan is not a number above 0"),
    ("@pytest.mark.limit_arrays(1, of='table')", "of= is for factor="),
    ("@pytest.mark.limit_arrays(1, most=2)", "most= is not supported"),
    ("@pytest.mark.limit_arrays(factor=2.0)", "the test's arguments hold no array"),
    ("@pytest.mark.limit_arrays(factor=2.0, of='table')", "the test has no argument 'table'"),
    ("@pytest.mark.limit_arrays(1)\n@pytest.mark.limit_arrays(2)", "two marks for one limit"),
    ("@pytest.mark.limit_leaked_arrays(factor=2.0)", "needs one limit; write limit_leaked_arrays('1 MiB')"),
    ("@pytest.mark.limit_leaks('1 KB', filter_fn=print)", "filter_fn= is not supported"),
]


@pytest.mark.long
def test_a_mark_that_is_written_wrongly_fails_its_test(tmp_path: Path) -> None:
    """Each test with a wrong mark fails, and its message is one sentence that says what to write."""
    tests = [f"{marks}\ndef test_{i}():\n    pass\n" for i, (marks, _) in enumerate(_WRONG_MARKS)]
    found, text = run_pytest(tmp_path, "".join(tests))
    assert found == {f"test_{i}": "FAILED" for i in range(len(_WRONG_MARKS))}
    assert "Traceback" not in text
    parts = re.split(r"^_+ test_(\d+) _+$", text, flags=re.MULTILINE)
    said = dict(zip(map(int, parts[1::2]), parts[2::2], strict=True))
    assert [i for i, (_, message) in enumerate(_WRONG_MARKS) if message not in said[i]] == []


@pytest.mark.long
def test_the_heaviest_tests_are_shown(tmp_path: Path) -> None:
    """--ndmem lists peak and kept bytes of the tests, the largest first."""
    source = """
def test_small():
    np.empty(1000, "u1")
def test_large():
    kept.append(np.empty(2000, "u1"))
def test_none():
    pass
"""
    _, text = run_pytest(tmp_path, source, "--ndmem")
    shown = text[text.index("= array memory =") :].splitlines()[1:4]
    assert shown == [
        "     peak      kept  test",
        " 1.95 KiB  1.95 KiB  test_it.py::test_large",
        "   1000 B       0 B  test_it.py::test_small",
    ]


@pytest.mark.long
def test_the_fixture_tracks_the_rest_of_the_test(tmp_path: Path) -> None:
    """array_memory has the figures of what is made after it."""
    source = """
def test_figures(table, array_memory):
    first = np.empty(1000, "u1")
    np.empty(500, "u1")
    assert (array_memory.peak, array_memory.live) == (1500, 1000)
"""
    found, text = run_pytest(tmp_path, source)
    assert found == {"test_figures": "PASSED"}, text


@pytest.mark.long
def test_async_tests_are_measured(tmp_path: Path) -> None:
    """A limit binds the whole of a coroutine test."""
    source = """
import asyncio
class TestCase(unittest.IsolatedAsyncioTestCase):
    @pytest.mark.limit_arrays(1000)
    async def test_beyond(self):
        await asyncio.sleep(0)
        np.empty(1001, "u1")
"""
    found, _ = run_pytest(tmp_path, source)
    assert found == {"TestCase::test_beyond": "FAILED"}


@pytest.mark.long
def test_unmarked_tests_do_not_load_the_tracker(tmp_path: Path) -> None:
    """The plugin alone costs a project nothing: neither the core nor what needs NumPy is loaded."""
    (tmp_path / "test_plain.py").write_text(
        "import sys\ndef test_it():\n    assert not {'ndmem._native', 'ndmem.api'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout

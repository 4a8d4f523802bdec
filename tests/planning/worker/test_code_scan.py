"""The numbers in the code that runs are found, and whether that code is the user's."""

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ndmem.planning.worker.code import code_scan
from ndmem.planning.worker.code.code_scan import Code, scan_code

_SOURCE = """
LIMIT = 4096

def divide(n):
    return n // 700

def work(n, block=512):
    return divide(n) + LIMIT + block + 3
"""


def _load(path: Path) -> Callable[..., Any]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_SOURCE, "utf-8")
    space: dict[str, Any] = {}
    exec(compile(_SOURCE, str(path), "exec"), space)
    function: Callable[..., Any] = space["work"]
    return function


def _scan(function: Callable[..., Any], *args: Any) -> Code:
    before = sys.gettrace()
    try:
        return scan_code(lambda: function(*args), lambda error: None)
    finally:
        sys.settrace(before)


def test_numbers_of_constants_globals_and_arguments_are_found(tmp_path: Path) -> None:
    """Constants, globals that are named, defaults and arguments count from 128 on, each with its function."""
    found = _scan(_load(tmp_path / "mine.py"), 100_000)
    numbers = {(number.value, number.function) for number in found.numbers if number.filename.endswith("mine.py")}
    assert numbers == {(4096, "work"), (512, "work"), (100_000, "work"), (100_000, "divide"), (700, "divide")}
    assert 700 in found.divisors
    assert 512 not in found.divisors


@pytest.mark.parametrize("folder", ["site-packages", "dist-packages"])
def test_code_of_an_installed_package_is_not_the_users(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code below a library root, as Debian's dist-packages, is a library's; the same code elsewhere is the user's."""
    root = tmp_path / "lib" / "python3" / folder
    monkeypatch.setattr(code_scan, "find_library_roots", lambda: (str(root),))
    library = _scan(_load(root / "package" / "module.py"), 1000)
    own = _scan(_load(tmp_path / "work" / "module.py"), 1000)
    assert {number.is_users for number in library.numbers if "module.py" in number.filename} == {False}
    assert {number.is_users for number in own.numbers if "module.py" in number.filename} == {True}
    assert 700 not in library.divisors
    assert 700 in own.divisors


def test_lines_are_counted(tmp_path: Path) -> None:
    """A loop of 100 iterations runs 100 lines more than one of 0, twice: its head and its body."""

    def loop(count: int) -> int:
        total = 0
        for i in range(count):
            total += i
        return total

    assert _scan(loop, 100).line_count - _scan(loop, 0).line_count == 200


def test_the_count_of_lines_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit the lines of the running function are not traced any more."""
    monkeypatch.setattr(code_scan, "_MOST_LINES", 50)

    def loop(count: int) -> None:
        for _ in range(count):
            pass

    assert _scan(loop, 1000).line_count <= 60


def test_errors_that_the_function_catches_are_reported() -> None:
    """An exception that reaches Python code is reported, also if it is caught there."""
    errors: list[BaseException] = []

    def catches() -> None:
        with contextlib.suppress(ValueError):
            int("many")

    scan_code(catches, errors.append)
    assert [type(error) for error in errors] == [ValueError]

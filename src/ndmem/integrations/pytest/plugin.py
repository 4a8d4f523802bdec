"""The pytest plugin: limits of array memory as marks and settings, tables, a baseline, files, a fixture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ndmem.errors import NdmemError

from .choices import PACKAGES, read_choices
from .collecting import Collecting
from .marks import ARRAYS, LEAKED, MEMRAY_NAMES, SETTINGS
from .measuring import Measuring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.api import TrackedRun

_MARKS = {
    ARRAYS: "limit_arrays('100 MiB') or (factor=2.0, of='name'): fail a test whose array peak exceeds it.",
    LEAKED: "limit_leaked_arrays('1 MiB'): fail if more arrays of the test are alive after it.",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and settings of the plugin."""
    group = parser.getgroup("ndmem", "array memory (ndmem)")
    group.addoption("--ndmem", action="store_true", help="Show the tests with the most array memory.")
    group.addoption("--ndmem-save", metavar="FILE", help="Write the array memory of each passed test to a file.")
    group.addoption("--ndmem-json", metavar="FILE", help="Write all tests, with the lines and arrays at their peaks.")
    group.addoption("--ndmem-compare", metavar="FILE", help="Compare each test with a file of one of these options.")
    group.addoption(
        "--ndmem-fail-above",
        metavar="SHARE",
        help="Fail a test whose peak exceeds that in the file of --ndmem-compare by more, as 5%%.",
    )
    group.addoption("--ndmem-summary", metavar="FILE", help="Write the comparison, or the heaviest tests, as Markdown.")
    parser.addini(SETTINGS[ARRAYS], "Limit of the array peak of tests without the mark limit_arrays, as 100 MiB.")
    parser.addini(SETTINGS[LEAKED], "Limit of what tests without the mark limit_leaked_arrays keep, as 1 MiB.")
    parser.addini(PACKAGES, "Installed packages whose lines are shown, instead of the lines that call them.", "args")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks, and the hooks that measure and collect."""
    # "memray" is the plugin name of pytest-memray, which reads its own marks where it is installed.
    memray = not config.pluginmanager.hasplugin("memray")
    for name, text in _MARKS.items():
        config.addinivalue_line("markers", text)
        for other in (other for other, ours in MEMRAY_NAMES.items() if memray and ours == name):
            config.addinivalue_line("markers", f"{other}(limit): pytest-memray's name for {name}.")
    try:
        choices = read_choices(config)
    except NdmemError as error:
        raise pytest.UsageError(str(error)) from None
    measuring = Measuring(choices, root=str(config.rootpath), memray=memray)
    config.pluginmanager.register(measuring, "ndmem-measuring")
    if not hasattr(config, "workerinput"):  # a worker has only some of the tests
        config.pluginmanager.register(Collecting(choices), "ndmem-collecting")


@pytest.fixture
def array_memory() -> Iterator[TrackedRun]:
    """Track the arrays that the test allocates: ``.peak``, ``.live``, ``.lines()``."""
    from ndmem.api import track  # needs NumPy, which only tests with this fixture load

    with track() as run:
        yield run

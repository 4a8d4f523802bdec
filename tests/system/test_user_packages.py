"""The code of the user's packages has rows of its own, also where a package is installed."""

import sys
from pathlib import Path

import pytest

import ndmem

from .running import Place

PACKAGE = """
import numpy as np

def build():
    return np.ones(125_000)

def main():
    table = build()
    (table * 2).sum()
"""

# As pip writes it.
SCRIPT = f"""#!{sys.executable}
import sys
from mine.work import main
if __name__ == '__main__':
    sys.argv[0] = sys.argv[0].removesuffix('.exe')
    sys.exit(main())
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A folder with the script of an entry point, whose package is installed for the user."""
    base = tmp_path_factory.mktemp("base")
    packages = base / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    _write_package(packages)
    place = Place(base / "work", environment={"PYTHONUSERBASE": str(base), "PYTHONPATH": str(packages)})
    place.folder.mkdir()
    (place.folder / "mycli").write_text(SCRIPT)
    return place


def _write_package(folder: Path) -> None:
    (folder / "mine").mkdir(parents=True)
    (folder / "mine" / "__init__.py").write_text("")
    (folder / "mine" / "work.py").write_text(PACKAGE)
    (folder / "mine" / "__main__.py").write_text("from mine.work import main\nmain()\n")


def find_lines(trace: Path, *, packages: tuple[str, ...] = ()) -> set[tuple[str, int, str | None]]:
    """Return file name, line and text of the lines that allocated what is live at the peak."""
    run = ndmem.load(trace, packages=packages)
    return {(Path(line.filename).name, line.lineno, line.source) for line in run.lines() if line.own_nbytes >= 10**6}


LINES = {("work.py", 5, "return np.ones(125_000)"), ("work.py", 9, "(table * 2).sum()")}


@pytest.mark.parametrize("words", [("mycli",), ("-m", "mine")], ids=" ".join)
def test_the_package_of_the_command_line_is_the_users(installed: Place, words: tuple[str, ...]) -> None:
    """The lines of an installed package are shown if the script of its entry point, or -m, names it."""
    assert installed.run_tracked(*words).status == 0
    assert find_lines(installed.trace) == LINES


def test_an_editable_package_is_the_users(tmp_path: Path) -> None:
    """The lines of a package outside the library folders are shown, and not the script that calls it."""
    _write_package(tmp_path / "source")
    place = Place(tmp_path / "work", environment={"PYTHONPATH": str(tmp_path / "source")})
    place.folder.mkdir()
    (place.folder / "mycli").write_text(SCRIPT)
    assert place.run_tracked("mycli").status == 0
    assert find_lines(place.trace) == LINES


def test_a_package_that_runs_the_users_code_is_not_the_users(installed: Place) -> None:
    """Where another file of the user's allocates, the package of -m is a library, unless --package names it."""
    (installed.folder / "plugin.py").write_text("from mine import work\nvalue = work.main()\n")
    code = "import runpy, sys\nrunpy.run_path(sys.argv[1])\n"
    (Path(str(installed.environment["PYTHONPATH"])) / "mine" / "runner.py").write_text(code)
    assert installed.run_tracked("-m", "mine.runner", "plugin.py").status == 0
    assert find_lines(installed.trace) == {("plugin.py", 2, "value = work.main()")}
    assert find_lines(installed.trace, packages=("mine",)) == LINES
    assert installed.run_tracked("--package", "mine", "-m", "mine.runner", "plugin.py").status == 0
    assert find_lines(installed.trace) == LINES


def test_private_attributes_of_a_named_package_are_named(installed: Place) -> None:
    """A private attribute that holds an array at the peak is named in a class of the user's package alone."""
    code = "import numpy as np\nclass Table:\n    def __init__(self):\n        self._rows = np.ones(125_000)\n"
    (Path(str(installed.environment["PYTHONPATH"])) / "mine" / "table.py").write_text(code)
    program = (
        "import numpy as np\nfrom mine.table import Table\ntable = Table()\nnp.ones(125_000).sum()\ntable = None\n"
    )
    (installed.folder / "program.py").write_text(program)
    names = []
    for options in ((), ("--package", "mine")):
        assert installed.run_tracked(*options, "program.py").status == 0
        seen = [holder for holder in ndmem.load(installed.trace).trace.holders if holder.shape == (125_000,)]
        names += [holder.name for holder in seen if holder.function != "ones"]  # a search may find numpy.ones at work
    assert names == ["table (inside the Table)", "table._rows"]


def test_a_name_that_is_not_a_package_is_an_error(installed: Place) -> None:
    """A path in place of a name ends with status 2 and one line that says what to write."""
    done = installed.run_ndmem_as_text("run", "--package", "./mine", "mycli")
    assert done.returncode == 2
    assert "--package './mine' is not the name of a package" in done.stderr


def test_a_package_without_code_in_the_run_is_named(installed: Place) -> None:
    """A misspelled --package has a warning, in `run` and in `report`, and the package that is there has none."""
    run = installed.run_ndmem(
        "run", "-q", "-f", "-o", "named.ndmem", "--package", "mine", "--package", "nosuchpkg", "mycli"
    )
    warning = b"ndmem: --package nosuchpkg: this run has no code of such a package; write its name as it is imported\n"
    assert (run.status, run.stderr) == (0, warning)
    report = installed.run_ndmem("report", "named.ndmem", "--package", "mine.work", "--package", "nosuchpkg")
    assert (report.status, report.stderr) == (0, warning)

"""What is installed, and the commands that install and check it."""

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.system.documents import DOCUMENTS, ROOT

import ndmem

INSTALLED = Path(ndmem.__file__).parent
SOURCE = ROOT / "src/ndmem"


def _python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_everything_but_the_c_sources_is_installed() -> None:
    """The installed package has the files of the source, without C, and the compiled core."""
    wanted = {
        path.relative_to(SOURCE)
        for path in SOURCE.rglob("*")
        if path.suffix in {".py", ".pyi", ".typed"} or path.name == "py.typed"
    }
    installed = {path.relative_to(INSTALLED) for path in INSTALLED.rglob("*") if path.is_file()}
    assert wanted <= installed
    assert [path for path in installed if path.suffix in {".c", ".h"}] == []
    if INSTALLED != SOURCE:
        assert [path.name for path in INSTALLED.iterdir() if path.name.startswith("_native.") and path.suffix != ".pyi"]


def test_there_is_one_version() -> None:
    """Package, metadata, build files and the changes' latest heading have the same version."""
    version = ndmem.__version__
    assert importlib.metadata.version("ndmem") == version
    assert f'\nversion = "{version}"\n' in (ROOT / "pyproject.toml").read_text("utf-8")
    assert f"version: '{version}'" in (ROOT / "meson.build").read_text("utf-8")
    assert re.findall(r"^## ([\d.]+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)[0] == version


def test_the_metadata_says_what_users_need() -> None:
    """License, Pythons and the five dependencies are in the metadata; everything else is optional."""
    metadata = importlib.metadata.metadata("ndmem")
    requires = importlib.metadata.requires("ndmem") or []
    needed = {re.split(r"[^\w-]", each)[0] for each in requires if "extra ==" not in each}
    assert needed == {"numpy", "click", "rich", "psutil", "threadpoolctl"}
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["License-Expression"] == "BSD-3-Clause"
    license_files = [path for path in importlib.metadata.files("ndmem") or [] if path.name == "LICENSE"]
    assert [path.locate().read_bytes() for path in license_files] == [(ROOT / "LICENSE").read_bytes()]


def test_importing_it_imports_neither_numpy_nor_the_reports() -> None:
    """``import ndmem`` brings none of its dependencies with it; using a name does."""
    heavy = "[name for name in ('numpy', 'rich', 'click') if name in sys.modules]"
    assert _python(f"import sys, ndmem; print({heavy})") == "[]\n"
    assert _python(f"import sys, ndmem; ndmem.track; print({heavy})") == "['numpy']\n"


def test_the_command_and_the_module_are_the_same() -> None:
    """``ndmem`` and ``python -m ndmem`` answer alike, with the version of the package."""
    script = Path(sys.executable).with_name("ndmem")
    answers = {
        subprocess.run([*words, "--version"], capture_output=True, text=True, check=True).stdout
        for words in ([str(script)], [sys.executable, "-m", "ndmem"])
    }
    assert answers == {f"ndmem, version {ndmem.__version__}\n"}


def test_ci_runs_make_test_and_nothing_else() -> None:
    """The script of continuous integration is executable and hands over to ``make test``."""
    script = ROOT / ".ci/run"
    lines = [line for line in script.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    assert lines == ["set -euo pipefail", 'cd "$(dirname "${BASH_SOURCE[0]}")/.."', "exec make test"]
    assert os.access(script, os.X_OK)


def test_all_supported_pythons_are_tested() -> None:
    """The Pythons in the metadata are those that ``make test-all`` has, each with its oldest NumPy."""
    tree = ast.parse((ROOT / "noxfile.py").read_text("utf-8"))
    oldest = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "OLDEST_NUMPY"
    )
    classifiers = importlib.metadata.metadata("ndmem").get_all("Classifier") or []
    supported = {each.rsplit(" ", 1)[1] for each in classifiers if re.search(r":: 3\.\d+$", each)}
    assert set(oldest) == supported


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_make_has_every_target_that_is_named(document: Path) -> None:
    """Each ``make`` command in a document is a target of the Makefile."""
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = re.findall(r"(?:`|^)make (?:PYTHON=\S+ )?([\w-]+)(?:`|$| +#)", document.read_text("utf-8"), re.MULTILINE)
    assert set(named) <= targets


def _read_names(text: str) -> set[str]:
    """Return the words that a text has as code."""
    plain = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return set(re.findall(r"[\w.]+", " ".join(re.findall(r"`([^`]+)`", plain))))


def test_every_file_is_named_where_its_folder_is_described() -> None:
    """Each source file is named, as code, by its package's docstring, a README beside it, or the same further up."""
    described = {SOURCE.parent: _read_names((ROOT / "ARCHITECTURE.md").read_text("utf-8"))}
    for place in [*SOURCE.rglob("__init__.py"), *SOURCE.rglob("README.md")]:
        text = place.read_text("utf-8")
        text = ast.get_docstring(ast.parse(text)) or "" if place.suffix == ".py" else text
        described.setdefault(place.parent, set()).update(_read_names(text))
    files = [path for path in SOURCE.rglob("*") if path.suffix in {".py", ".pyi", ".c", ".h"}]
    unnamed = [
        path for path in files if not path.stem.startswith("__")
        and not any({path.stem, path.name} & described.get(folder, set()) for folder in path.parents)
    ]  # fmt: skip
    assert [str(path.relative_to(SOURCE)) for path in unnamed] == []

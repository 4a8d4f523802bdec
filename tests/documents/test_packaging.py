"""What is installed, and the commands that install and check it."""

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.documents.documents import DOCUMENTS, ROOT

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
        if path.suffix in {".py", ".pyi", ".html", ".js", ".css", ".txt", ".json"} or path.name == "py.typed"
    }
    installed = {path.relative_to(INSTALLED) for path in INSTALLED.rglob("*") if path.is_file()}
    assert wanted <= installed
    assert [path for path in installed if path.suffix in {".c", ".h"}] == []
    if INSTALLED != SOURCE:
        assert [path.name for path in INSTALLED.iterdir() if path.name.startswith("_native.") and path.suffix != ".pyi"]


def test_there_is_one_version() -> None:
    """The package has the version of its metadata, and neither the build files nor the package name another one."""
    assert importlib.metadata.version("ndmem") == ndmem.__version__
    assert 'dynamic = ["version"]' in (ROOT / "pyproject.toml").read_text("utf-8")
    assert "version: run_command('packaging/version.py', check: true)" in (ROOT / "meson.build").read_text("utf-8")
    assert "__version__ =" not in (SOURCE / "__init__.py").read_text("utf-8")


def test_the_metadata_says_what_users_need() -> None:
    """Licenses and the seven dependencies are in the metadata; everything else is optional."""
    metadata = importlib.metadata.metadata("ndmem")
    requires = importlib.metadata.requires("ndmem") or []
    needed = {re.split(r"[^\w-]", each)[0] for each in requires if "extra ==" not in each}
    assert needed == {"numpy", "click", "rich", "psutil", "threadpoolctl", "cloudpickle", "jinja2"}
    assert metadata["License-Expression"] == "BSD-3-Clause AND MIT AND ISC AND Zlib"
    texts = {
        path.name: path.locate().read_bytes()
        for path in importlib.metadata.files("ndmem") or []
        if "licenses" in path.parts
    }
    bundled = SOURCE / "reporting/html/plotly/LICENSES.txt"
    assert texts == {path.name: path.read_bytes() for path in (ROOT / "LICENSE", bundled)}


def test_pages_need_no_extra() -> None:
    """Plotly's package is in no extra, and the extra that pages once needed is empty: old commands go on working."""
    metadata = importlib.metadata.metadata("ndmem")
    requires = importlib.metadata.requires("ndmem") or []
    assert "html" in metadata.get_all("Provides-Extra", [])
    assert [each for each in requires if "plotly" in each or re.search(r"extra == .html.", each)] == []


def test_importing_it_imports_neither_numpy_nor_the_reports() -> None:
    """``import ndmem`` brings none of its dependencies with it; using one does."""
    heavy = "[name for name in ('numpy', 'rich', 'click') if name in sys.modules]"
    assert _python(f"import sys, ndmem; print({heavy})") == "[]\n"
    assert _python(f"import sys, ndmem; ndmem.track(); print({heavy})") == "['numpy']\n"


def test_the_command_and_the_module_are_the_same() -> None:
    """``ndmem`` and ``python -m ndmem`` answer alike, with the version of the package."""
    script = Path(sys.executable).with_name("ndmem")
    answers = {
        subprocess.run([*words, "--version"], capture_output=True, text=True, check=True).stdout
        for words in ([str(script)], [sys.executable, "-m", "ndmem"])
    }
    assert answers == {f"ndmem, version {ndmem.__version__}\n"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_make_has_every_target_that_is_named(document: Path) -> None:
    """Each ``make`` command in a document is a target of the Makefile."""
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = re.findall(r"(?:`|^)make (?:PYTHON=\S+ )?([\w-]+)(?:`|$| +#)", document.read_text("utf-8"), re.MULTILINE)
    assert set(named) <= targets

"""What meson.build chooses for each system."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_CSRC = _ROOT / "src/ndmem/csrc"
_OF_LINUX = {"os_linux.c", "ghost.c", "malloc_listener.c", "mappings.c", "pages.c", "touched.c"}
_WINDOWS = "[host_machine]\nsystem = 'windows'\ncpu_family = 'x86_64'\ncpu = 'x86_64'\nendian = 'little'\n"


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(_ROOT / "benchmarks/macos"))


def test_each_source_is_built_on_some_system() -> None:
    """Linux and macOS together build each C file but the tests' own, and macOS builds none that needs Linux."""
    text = (_ROOT / "meson.build").read_text()
    find_sources = runpy.run_path(str(_ROOT / "benchmarks/macos/compile.py"))["find_sources"]
    macos = {path.name for variable in ("tracker", "walk") for path in find_sources(text, variable)}
    named = {Path(name).name for name in re.findall(r"'(src/ndmem/csrc/.*?\.c)'", text)}
    assert named == {path.name for path in _CSRC.rglob("*.c")}
    preloaded = {path.name for path in (_CSRC / "tracker/preload").glob("*.c")}
    assert named - macos == _OF_LINUX | preloaded
    assert {"os_posix.c", "os_macos.c", "without_linux.c"} <= macos


def test_windows_is_refused_in_one_sentence(tmp_path: Path) -> None:
    """A build for Windows ends before it looks for a compiler, in one sentence with what to use."""
    cross = tmp_path / "windows.ini"
    cross.write_text(_WINDOWS)
    command = [
        sys.executable,
        "-m",
        "mesonbuild.mesonmain",
        "setup",
        str(tmp_path / "build"),
        "--cross-file",
        str(cross),
    ]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "ERROR: Problem encountered: ndmem cannot be built for Windows: it needs Linux" in done.stdout
    assert "Compiler for" not in done.stdout


def test_a_file_that_is_not_of_macos_is_refused(tmp_path: Path) -> None:
    """The reader of macOS libraries refuses a file of another kind, and one that is cut."""
    read_needed = runpy.run_path(str(_ROOT / "benchmarks/macos/mach_o.py"))["read_needed"]
    for text in (b"", b"\x7fELF" + bytes(100), b"\xcf\xfa\xed\xfe"):
        path = tmp_path / "library"
        path.write_bytes(text)
        with pytest.raises(ValueError, match="is not a 64-bit Mach-O file"):
            read_needed(path)


def test_symbols_of_elsewhere_are_found() -> None:
    """What is neither of libSystem nor a function of this Python is a problem, each by its name."""
    check = runpy.run_path(str(_ROOT / "benchmarks/macos/compile.py"))["_check"]
    needed = runpy.run_path(str(_ROOT / "benchmarks/macos/mach_o.py"))["Needed"]
    known = [needed("PyLong_FromLong", None), needed("mmap", "/usr/lib/libSystem.B.dylib")]
    assert check(known) == []
    assert check([*known, needed("memfd_create", None), needed("Py_NoSuch", None), needed("deflate", "libz")]) == [
        "memfd_create is not of this Python",
        "Py_NoSuch is not of this Python",
        "deflate is of libz",
    ]
    assert check([]) != []

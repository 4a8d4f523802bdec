"""Compile and link the C for macOS, on any system, and check what it takes from elsewhere.

``python benchmarks/macos/compile.py``, in an environment with ``ziglang``, as ``make check-macos`` runs it. It needs
the headers of the Python that runs it, and downloads NumPy's wheels for macOS for theirs. Each warning is an error.

The result cannot run here. What is checked: the sources that meson.build chooses for macOS compile, link, and need
nothing but the C library of macOS and functions that a Python of this version has.
"""

import ctypes
import re
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from mach_o import Needed, read_needed

_ROOT = Path(__file__).resolve().parents[2]
_HERE = Path(__file__).resolve().parent
_TARGETS = {"aarch64-macos": "macosx_14_0_arm64", "x86_64-macos": "macosx_14_0_x86_64"}
_EXTENSIONS = {"_native": "tracker", "_walk": "walk"}
_SYSTEM = "/usr/lib/libSystem.B.dylib"
_CLANG = ("-Wall", "-Wextra", "-Werror", "-Qunused-arguments", "-Wno-unknown-warning-option")


def main() -> int:
    """Check each target; the status is 1 if one fails."""
    text = (_ROOT / "meson.build").read_text()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for target, wheel in _TARGETS.items():
            numpy = _download_headers(Path(folder) / target, wheel)
            flags = ["-target", target, *_CLANG, *_find_flags(text), *_includes(numpy)]
            for name, variable in _EXTENSIONS.items():
                sources = find_sources(text, variable)
                extension = _build(Path(folder) / target / name, sources, flags)
                problems = ["it does not compile"] if extension is None else _check(read_needed(extension))
                failed += bool(problems)
                size = f"{extension.stat().st_size:,} bytes" if extension else "-"
                print(f"{target}  {name}  {len(sources)} files  {size}  {'; '.join(problems) or 'ok'}", flush=True)
    return failed > 0


def find_sources(text: str, variable: str) -> list[Path]:
    """Return the sources that meson.build, whose text is given, chooses for macOS in a list of files."""
    linux = r"if is_linux\n  tracker \+= files\(.*?\nelse\n(.*?)\nendif\n"
    chosen = re.sub(linux, r"\1\n", text, flags=re.DOTALL)
    lists = re.findall(rf"^ *{variable} \+?= files\((.*?)\)$", chosen, re.DOTALL | re.MULTILINE)
    return [_ROOT / name for each in lists for name in re.findall(r"'(.*?\.c)'", each)]


def _find_flags(text: str) -> list[str]:
    found = re.search(r"^arguments = .*?^\)$", text, re.DOTALL | re.MULTILINE)
    assert found is not None, "meson.build has no arguments"
    return ["-std=gnu11", "-O3", "-fPIC", *re.findall(r"^  '(-.*?)'", found[0], re.MULTILINE)]


def _includes(numpy: Path) -> list[str]:
    # As system headers: those of Python 3.15 have parameters that clang finds unused.
    theirs = (_HERE / "python_headers", sysconfig.get_path("include"), numpy)
    return [f"-I{_ROOT / 'src/ndmem/csrc'}", *(f"-isystem{folder}" for folder in theirs)]


def _download_headers(folder: Path, platform: str) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*command, "--platform", platform, "--dest", folder, "numpy"], check=True)
    (wheel,) = folder.glob("numpy-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if "/_core/include/" in name])
    return folder / "numpy/_core/include"


def _build(folder: Path, sources: list[Path], flags: list[str]) -> Path | None:
    """Compile and link; ``None`` if that fails, with the compiler's output printed."""
    folder.mkdir(parents=True)
    objects = [folder / f"{number}.o" for number in range(len(sources))]
    with ThreadPoolExecutor(2) as pool:
        done = list(
            pool.map(
                lambda pair: _cc([*flags, "-c", str(pair[0]), "-o", str(pair[1])]), zip(sources, objects, strict=True)
            )
        )
    if not all(done):
        return None
    extension = folder / "extension.so"
    link = ["-target", flags[1], "-shared", "-Wl,-undefined,dynamic_lookup", "-o", str(extension)]
    return extension if _cc([*link, *map(str, objects)]) else None


def _cc(arguments: list[str]) -> bool:
    done = subprocess.run([sys.executable, "-m", "ziglang", "cc", *arguments], check=False)
    return done.returncode == 0


def _check(needed: list[Needed]) -> list[str]:
    """Return what is wrong with the symbols that an extension needs, each as a sentence."""
    problems = []
    for each in needed:
        if each.library not in (None, _SYSTEM):
            problems.append(f"{each.name} is of {each.library}")
        elif each.library is None and not (each.name.startswith(("Py", "_Py")) and _has_python(each.name)):
            problems.append(f"{each.name} is not of this Python")
    return problems if needed else ["it needs nothing: the symbols were not read"]


def _has_python(name: str) -> bool:
    return hasattr(ctypes.pythonapi, name)


if __name__ == "__main__":
    sys.exit(main())

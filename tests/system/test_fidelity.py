"""A program under ``ndmem run`` shows the world what it shows without: output, errors, exit status."""

import functools
import zipfile
from pathlib import Path

import pytest

import ndmem

from .programs import PROBE, PROGRAMS
from .running import Place, write_program

# The launcher has an interpreter of its own here, as a user starts it: what it inherits could reach the program.
new_place = functools.partial(Place, fresh=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The working folder of a program."""
    place = tmp_path / "work"
    place.mkdir()
    return place


def check_same(place: Place, *words: str) -> None:
    """Run a program both ways; the tracked one must be the plain one, and leave a trace with its status."""
    plain = place.run_plain(*words)
    tracked = place.run_tracked(*words)
    assert tracked == plain
    assert ndmem.load(place.trace).trace.run.exit_status == plain.status


@pytest.mark.long
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_shows_the_same(name: str, folder: Path) -> None:
    """Standard output, standard error and exit status are those of the plain run, byte for byte."""
    check_same(
        new_place(folder, stdin=b"typed\n\xc3\xa4"), write_program(folder, PROGRAMS[name]), "a", "-q", "--", "b c"
    )


def test_everything_a_program_can_ask_is_the_same(folder: Path) -> None:
    """Arguments, ``__main__``, paths, environment, signals, descriptors and hooks are those of the plain run."""
    name = write_program(folder, PROBE)
    check_same(new_place(folder), name, "--threshold", "x", "", "-m", "\udcff")


@pytest.mark.parametrize(
    "flags",
    [
        ("-u",),
        ("-X", "dev"),
        ("-Xdev", "-Werror", "-W", "ignore::ImportWarning"),
        ("-OB",),
        ("-b", "-s", "-X", "no_debug_ranges", "-X", "utf8=0"),
        ("-X", "pycache_prefix=/tmp/x y", "--check-hash-based-pycs", "always", "-q"),
    ],
    ids=" ".join,
)
def test_options_of_the_interpreter_reach_the_program(flags: tuple[str, ...], folder: Path) -> None:
    """The options that this Python was started with are the program's, and nothing else is."""
    check_same(new_place(folder, flags=flags), write_program(folder, PROBE))


@pytest.mark.parametrize("value", [None, "", "lib", "lib:", ":/nowhere:lib"])
def test_pythonpath_is_the_programs_own(value: str | None, folder: Path) -> None:
    """PYTHONPATH, set, empty or unset, and the sys.path that follows from it are those of the plain run."""
    write_program(folder / "lib", "X = 1", "own.py")
    source = "import os, sys, subprocess\nprint(sys.path, os.environ.get('PYTHONPATH'))\nimport importlib.util\n"
    name = write_program(folder, f"{source}print(importlib.util.find_spec('own'), 'sitecustomize' in sys.modules)")
    check_same(new_place(folder, environment={"PYTHONPATH": value}), name)


@pytest.mark.parametrize(
    "body", ["print('theirs', __file__)", "import numpy", "1 / 0", "import nix", "raise SystemExit(6)"]
)
def test_the_environments_sitecustomize_has_its_turn(body: str, folder: Path) -> None:
    """A sitecustomize of the environment runs once, and fails as it fails without ndmem."""
    write_program(folder / "lib", body, "sitecustomize.py")
    name = write_program(folder, "import sys\nprint(sys.modules.get('sitecustomize'), 'numpy' in sys.modules)")
    place = new_place(folder, environment={"PYTHONPATH": "lib"})
    # The launcher is a Python too and has the same sitecustomize: only what the program shows last is compared.
    plain, tracked = place.run_plain(name), place.run_tracked(name)
    assert tracked.status == plain.status
    assert tracked.stdout.endswith(plain.stdout)
    assert tracked.stderr.endswith(plain.stderr)


@pytest.mark.parametrize(
    "module", ["json", "enum", "types", "typing", "collections", "importlib", "functools", "fcntl", "contextlib"]
)
def test_a_programs_own_module_wins(module: str, folder: Path) -> None:
    """A module beside the script that is named like one of the standard library is the one that it imports."""
    write_program(folder, "print('mine', __name__)", f"{module}.py")
    check_same(new_place(folder), write_program(folder, f"import {module}\nprint({module}.__file__)"))


@pytest.mark.parametrize(
    "name", ["-x.py", "a b.py", "ünïcode ☃.py", "new\nline.py", "[red]bold.py", "no extension", "--help", "'q\".py"]
)
def test_any_name_of_a_script(name: str, folder: Path) -> None:
    """A script runs whatever its name is; one that looks like an option is meant as a path."""
    write_program(folder, "import sys\nprint(sys.argv, __file__)\nraise ValueError(__file__)", name)
    plain_name = f"./{name}" if name.startswith("-") else name
    place = new_place(folder)
    assert place.run_tracked("--", name, "-x") == place.run_plain(plain_name, "-x")


@pytest.mark.long
def test_modules(folder: Path) -> None:
    """``-m`` runs a module, a package's ``__main__``, and fails for a missing one as Python does."""
    write_program(
        folder / "pack", "import sys\nprint(sys.argv, __name__, __package__, __spec__, sys.path)", "__main__.py"
    )
    write_program(folder / "pack", "", "__init__.py")
    write_program(folder / "pack", "raise RuntimeError('in module')", "part.py")
    place = new_place(folder)
    check_same(place, "-m", "pack", "-c", "-m", "x")
    check_same(place, "-mpack", "x")
    check_same(place, "-m", "pack.part")
    check_same(place, "-m", "pack.missing")
    check_same(place, "-m", "nix")
    check_same(place, "-m", "timeit", "-n1", "-r1", "-h")


@pytest.mark.long
def test_code(folder: Path) -> None:
    """``-c`` runs a text with its arguments, also one that fails and one that is very long."""
    place = new_place(folder)
    check_same(place, "-c", PROBE, "-m", "a", "--", "-q")
    check_same(place, "-c", "def f():\n    raise KeyError('\u00e4')\nf()")
    check_same(place, "-cimport sys; print(sys.argv)", "-o", "b")
    check_same(place, "-c", "")
    check_same(place, "-c", f"print({'1' * 100_000!r}[:3])")


def test_many_arguments(folder: Path) -> None:
    """A program gets a megabyte of arguments, as without ndmem."""
    name = write_program(folder, "import sys\nprint(len(sys.argv), sum(map(len, sys.argv)))")
    check_same(new_place(folder), name, *("x" * 1000 for _ in range(1000)))


@pytest.mark.long
def test_a_folder_and_a_zip_run(folder: Path) -> None:
    """A folder or a zip archive with a ``__main__.py`` is a program."""
    source = "import sys\nprint(sys.argv, __file__, __spec__, sys.path[0])\nraise ValueError"
    write_program(folder / "app", source, "__main__.py")
    with zipfile.ZipFile(folder / "app.zip", "w") as archive:
        archive.writestr("__main__.py", source)
    check_same(new_place(folder), "app", "x")
    check_same(new_place(folder), "app.zip", "x")


def test_find_spec_is_not_an_import(folder: Path) -> None:
    """A program that only asks whether NumPy is there, and imports it later, is tracked all the same."""
    name = write_program(
        folder,
        "import importlib.util\nassert importlib.util.find_spec('numpy')\nimport numpy as np\na = np.ones(10_000)",
    )
    check_same(new_place(folder), name)
    assert ndmem.load(new_place(folder).trace).live == 80_000

"""Which files are the user's own code."""

import json
import os
import sys

import numpy as np
import pytest

import ndmem
from ndmem.user_code import find_library_roots, find_user_files, is_below, is_user_code, library_of, owner_texts

ROOTS = ("/usr/lib/python3.14", "/usr/lib/python3/dist-packages", "/venv/lib/python3.14/site-packages/")


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("/home/me/app.py", True),
        ("/usr/lib/python3.14/json/__init__.py", False),
        ("/usr/lib/python3.14-mine/app.py", True),  # a prefix without the separator is another folder
        ("/usr/lib/python3/dist-packages/numpy/__init__.py", False),  # Debian's
        ("/venv/lib/python3.14/site-packages/numpy/__init__.py", False),
        ("/home/me/site-packages/app.py", True),  # only the roots count, not a folder's name
        ("C:\\work\\app.py", True),
        ("<string>", True),
        ("<stdin>", True),
        ("<ipython-input-1-abc>", True),
        ("<frozen importlib._bootstrap>", False),
        ("<__array_function__ internals>", False),
        ("", False),
        (ndmem.__file__, False),
    ],
)
def test_user_code(filename: str, expected: bool) -> None:
    """A file is the user's if it is outside the library roots and ndmem and is not generated."""
    assert is_user_code(filename, ROOTS) is expected


def test_the_roots_of_this_interpreter() -> None:
    """The standard library and NumPy lie below the roots of this interpreter, this test does not."""
    roots = find_library_roots()
    assert is_below(json.__file__, roots)
    assert is_below(np.__file__, roots)
    assert is_below(os.__file__, roots)
    assert is_user_code(__file__, roots)


def test_roots_of_an_interpreter_that_was_started_by_a_path_with_dots(monkeypatch: pytest.MonkeyPatch) -> None:
    """NumPy lies below the roots also where the prefix of the interpreter is written with dots."""
    monkeypatch.setattr(sys, "prefix", f"{sys.prefix}/lib/..")
    assert is_below(np.__file__, find_library_roots())


def test_packages_of_another_installation_are_not_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of installed packages on the path belongs to libraries, no other folder of the path does."""
    monkeypatch.setattr(sys, "path", [*sys.path, "/apps/scipy/lib/python3.14/site-packages/", "/home/me/packages"])
    roots = find_library_roots()
    assert not is_user_code("/apps/scipy/lib/python3.14/site-packages/scipy/fft.py", roots)
    assert is_user_code("/home/me/packages/mine.py", roots)


def test_an_empty_folder_contains_nothing() -> None:
    """A root that is an empty text or a bare separator claims no file."""
    assert not is_below("/a.py", ["", "/"])


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("/venv/lib/python3.14/site-packages/scipy/fft/_basic.py", "scipy"),
        ("/usr/lib/python3/dist-packages/pandas/core/frame.py", "pandas"),
        ("/venv/lib/python3.14/site-packages/six.py", "six"),
        ("/usr/lib/python3.14/json/decoder.py", "json"),
        ("/usr/lib/python3.14/site-packages/numpy/core.py", "numpy"),  # the deepest root counts
        ("/home/me/scipy/app.py", None),
        ("<string>", None),
    ],
)
def test_the_library_of_a_file(filename: str, expected: str | None) -> None:
    """A file belongs to the package below the deepest root that contains it; a user's file to none."""
    assert library_of(filename, (*ROOTS, "/usr/lib/python3.14/site-packages")) == expected


SITE = "/venv/lib/python3.14/site-packages"


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        (f"{SITE}/mine/work.py", True),
        (f"{SITE}/mine.py", True),
        (f"{SITE}/mine_other/work.py", False),  # a prefix without the separator is another package
        (f"{SITE}/company/mine/work.py", False),
        (f"{SITE}/company/tool/work.py", True),
        (f"{SITE}/numpy/mine/work.py", False),
    ],
)
def test_packages_that_the_user_named(filename: str, expected: bool) -> None:
    """A file of a named package is the user's, wherever it is installed; the tracker decides the same by its texts."""
    packages = ("mine", "company.tool")
    assert is_user_code(filename, ROOTS, packages) is expected
    ndmem, libraries, user, _ = owner_texts(ROOTS, packages)
    in_library = filename.startswith(libraries) and not filename.startswith(user)
    assert (not in_library and not filename.startswith(ndmem)) is expected


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([], {f"{SITE}/tool/run.py"}),
        (["/venv/bin/tool"], {"/venv/bin/tool", f"{SITE}/tool/run.py"}),
        (["<string>"], {"<string>", f"{SITE}/tool/run.py"}),
        (["/home/me/plugin.py"], {"/home/me/plugin.py"}),
    ],
)
def test_the_package_of_the_program(others: list[str], expected: set[str]) -> None:
    """The package that the command line names is the user's if only its script, or generated code, is besides."""
    files = [f"{SITE}/tool/run.py", f"{SITE}/numpy/core.py", *others]
    assert find_user_files(files, ROOTS, program_packages=("tool",), program=("bin/tool", "run")) == expected

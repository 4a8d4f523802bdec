"""Which files are the user's own code."""

import json
import os

import numpy as np
import pytest

import ndmem
from ndmem.user_code import find_library_roots, is_below, is_user_code, library_of

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

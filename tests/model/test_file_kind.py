"""What a file is, by its first bytes."""

from pathlib import Path

import numpy as np
import pytest

from ndmem.file_kind import CHILDREN, DEVICE, FOLDER, identify, identify_file


@pytest.mark.parametrize(
    ("start", "name", "kind"),
    [
        (b"", "", "an empty file"),
        (b"\x93NUMPY\x01\x00", "", "a NumPy array (.npy)"),
        (b"\x89PNG\r\n\x1a\n", "", "a PNG image"),
        (b"%PDF-1.7", "", "a PDF file"),
        (b"\x89HDF\r\n\x1a\n", "", "an HDF5 file"),
        (b"\x1f\x8b\x08", "", "a gzip file"),
        (b"PK\x05\x06" + bytes(18), "", "a zip archive"),
        (b" \n<!doctype HTML>", "", "an HTML page"),
        (b"\xef\xbb\xbf<html>", "", "an HTML page"),
        (b'\n{"a": 1}', "", "a JSON file"),
        (b"import numpy\n", "x.py", "a Python program"),
        (b"#!/usr/bin/env python3\n", "x", "a Python program"),
        (b"#!/bin/sh\n", "x", "a text file"),
        ("Grüße".encode()[:4], "", "a text file"),  # the last character is cut
        (b"CMDLINE a.py\nMEM 1 2\n", "", "a file of mprof"),
        (b"NDMEMJ\r\n", "", "the record of a program under ndmem run"),
        (b"a\0b", "", "a binary file of an unknown format"),
        (bytes(range(128, 256)), "", "a pickle or another binary file"),
    ],
)
def test_a_kind_is_recognized_by_its_first_bytes(start: bytes, name: str, kind: str) -> None:
    """Formats have their own first bytes; a text is told by its content, a program also by its name."""
    assert identify(start, name).name == kind


def test_what_is_not_a_regular_file_is_not_read(tmp_path: Path) -> None:
    """A folder, the folder of a run's children and a device are named without being opened."""
    (tmp_path / "run.ndmem.children").mkdir()
    assert identify_file(tmp_path) is FOLDER
    assert identify_file(tmp_path / "run.ndmem.children") is CHILDREN
    assert identify_file("/dev/zero") is DEVICE


def test_archives_of_numpy_are_told_from_others(tmp_path: Path) -> None:
    """The first member tells what a zip archive is."""
    np.savez(tmp_path / "a.npz", x=np.ones(3))
    assert identify_file(tmp_path / "a.npz").name == "a NumPy archive (.npz)"

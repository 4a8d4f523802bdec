"""Which programs are told to track themselves."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndmem.tracking.agent.children_folder import ChildrenFolder
from ndmem.tracking.agent.json_encode import encode_meta
from ndmem.tracking.agent.python_detection import find_program, is_open_python


@pytest.mark.parametrize(
    ("options", "opened"),
    [
        ([], True), (["x.py", "-I"], True), (["-c", "-I"], True), (["-m", "x", "-E"], True), (["-u", "-", "-S"], True),
        (["-I"], False), (["-uE", "x"], False), (["-X", "dev", "-S"], False), (["-Xdev", "-S"], False),
        (["-W", "-I", "x"], True), (["-bWI"], True), (["--check-hash-based-pycs", "-I"], False), (["-uc", "-I"], True),
    ],
)  # fmt: skip
def test_options_that_keep_ndmem_out(options: list[str], opened: bool) -> None:
    """An interpreter with -I, -E or -S before its program would not import us, and must not be given variables."""
    assert is_open_python(sys.executable, ["python", *options]) is opened


@pytest.mark.parametrize(
    ("first", "opened"),
    [
        ("#!/usr/bin/python3\n", True), ("#! /opt/x/python3.12 -u\n", True), ("#!/usr/bin/env python3\n", True),
        ("#!/usr/bin/env -S A=b python -u\n", True), ("#!/usr/bin/python3 -Es\n", False), ("#!/bin/sh\n", False),
        ("#!/usr/bin/python2.7\n", False), ("#!\n", False), ("#!/usr/bin/env\n", False), ("python", False), ("", False),
        ("#!" + "x" * 5000, False), ("#!/usr/bin/pythonista\n", False), ("#!/usr/bin/python3-config\n", False),
    ],
)  # fmt: skip
def test_scripts(first: str, opened: bool, tmp_path: Path) -> None:
    """A script is what its first line names."""
    script = tmp_path / "tool"
    script.write_text(first)
    script.chmod(0o755)
    assert is_open_python(str(script), ["tool"]) is opened


def test_what_is_not_there_cannot_be_executed(tmp_path: Path) -> None:
    """The first file that can be executed is the program, relative names from the child's folder; else none."""
    (tmp_path / "a").touch()
    (tmp_path / "b").touch()
    (tmp_path / "b").chmod(0o755)
    assert find_program(["a", "b", str(tmp_path)], str(tmp_path)) == str(tmp_path / "b")
    assert find_program([str(tmp_path / "a"), str(tmp_path)], None) is None
    assert find_program([], None) is None


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.long
@given(st.dictionaries(st.text(), values))
def test_meta_is_json(meta: dict[str, Any]) -> None:
    """What is written without the json module is what that module reads."""
    assert json.loads(encode_meta(meta)) == meta


def test_a_name_with_a_lone_surrogate_is_json() -> None:
    """A file name that is not Unicode goes through."""
    assert json.loads(encode_meta({"a": 'x\udcff\x1b"'})) == {"a": 'x\udcff\x1b"'}


def test_the_folder_of_children(tmp_path: Path) -> None:
    """It is made by the first journal, gives an id that comes again another name, and goes when it is empty."""
    folder = ChildrenFolder(str(tmp_path / "t.children"))
    folder.note_ending(5, 0)
    folder.remove_if_empty()
    assert (folder.list_journals(), folder.read_endings(), folder.count_unrecorded()) == ([], {}, 0)
    assert not any(tmp_path.iterdir())
    made = [folder.create_journal(5) for _ in range(3)]
    for each in made:
        assert each is not None
        os.close(each[1])
    assert [Path(path).name for path in folder.list_journals()] == ["5.1.ndmem", "5.2.ndmem", "5.ndmem"]
    folder.note_ending(5, -9)
    assert [status for status, _ in folder.read_endings()[5]] == [-9]
    folder.remove_if_empty()
    assert len(folder.list_journals()) == 3
    folder.clear()
    assert not any(tmp_path.iterdir())

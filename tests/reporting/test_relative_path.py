"""Paths in messages and tables, as a user would type them."""

from pathlib import Path

import pytest

from ndmem.reporting.relative_path import shorten_path


def test_a_path_is_relative_only_inside_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An absolute path below the working folder is shortened; others, relative ones and no path stay unchanged."""
    inside = tmp_path / "here"
    inside.mkdir()
    monkeypatch.chdir(inside)
    assert shorten_path(str(inside / "sub" / "a.py")) == "sub/a.py"
    for same in (str(tmp_path / "here-too" / "a.py"), str(tmp_path / "a.py"), "sub/a.py", "<string>", ""):
        assert shorten_path(same) == same

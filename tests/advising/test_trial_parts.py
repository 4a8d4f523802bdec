"""The parts of a trial: how a program is started again, and how its folder is copied."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from tests.reporting.samples import pipeline

from ndmem.advising.trial.command import read_command
from ndmem.advising.trial.comparing import first_difference
from ndmem.advising.trial.copying import common_folder, copy_folder
from ndmem.advising.trial.running import map_path
from ndmem.errors import TrackingError
from ndmem.model.trial import Difference


def copy(source: Path, target: Path, *, links: bool = True) -> list[str]:
    """Copy a folder, and return the names of what the copy has."""
    target.parent.mkdir(parents=True)
    copy_folder(source, target, links=links)
    return sorted(str(path.relative_to(target)) for path in target.rglob("*"))


def test_a_copy_has_files_folders_and_links(tmp_path: Path) -> None:
    """Files with any name, folders and links inside are copied; caches, records and pipes are not."""
    source = tmp_path / "user"
    (source / "in ner").mkdir(parents=True)
    (source / ".git").mkdir()
    (source / "env").mkdir()
    (source / "env" / "pyvenv.cfg").touch()
    (source / ".git" / "config").touch()
    (source / "run.ndmem").touch()
    (source / "new\nline.txt").write_text("a")
    (source / "in ner" / "b.txt").write_text("b")
    (source / "link").symlink_to("in ner/b.txt")
    (tmp_path / "outside.txt").write_text("c")
    (source / "out").symlink_to(tmp_path / "outside.txt")
    (source / "broken").symlink_to("nowhere")
    os.mkfifo(source / "pipe")
    target = tmp_path / "work" / "program"
    assert copy(source, target) == ["broken", "in ner", "in ner/b.txt", "link", "new\nline.txt", "out"]
    assert (target / "link").resolve() == target / "in ner" / "b.txt"
    assert not (target / "out").is_symlink()
    (target / "out").write_text("changed")
    assert (tmp_path / "outside.txt").read_text() == "c"


def test_a_copy_leaves_itself_out(tmp_path: Path) -> None:
    """A folder that has the temporary folder in it is copied without that."""
    (tmp_path / "prog.py").touch()
    assert copy(tmp_path, tmp_path / "ndmem-predict-1" / "program") == ["prog.py"]


@pytest.mark.parametrize("links", [True, False])
def test_a_large_file_is_linked_only_where_it_cannot_be_written(links: bool, tmp_path: Path) -> None:
    """A file of 16 MiB is linked if the kernel refuses to write to it, and copied otherwise."""
    source = tmp_path / "user"
    source.mkdir()
    with (source / "data.bin").open("wb") as file:
        file.truncate(2**24)
    target = tmp_path / "work" / "program"
    copy(source, target, links=links)
    assert (target / "data.bin").is_symlink() == links
    assert (target / "data.bin").stat().st_size == 2**24


def test_a_folder_that_is_too_large_is_refused(tmp_path: Path) -> None:
    """A folder with more bytes than a trial copies is refused with a next step."""
    source = tmp_path / "user"
    source.mkdir()
    with (source / "data.bin").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(TrackingError, match=r"has more than .*iB, and a trial copies it; move the program"):
        copy(source, tmp_path / "work" / "program", links=False)


@pytest.mark.parametrize(
    ("typed", "message"), [("", "a part of a program"), ("-m", "started with -m"), ("gone.py", "'gone.py' is gone")]
)
def test_what_is_not_a_script_cannot_be_started_again(typed: str, message: str) -> None:
    """A tracked block, a module and a script that is gone are refused."""
    trace = pipeline()
    trace = replace(trace, run=replace(trace.run, program=(typed, "a") if typed else ()))
    with pytest.raises(TrackingError, match=message):
        read_command(trace)


def test_the_folder_follows_from_the_typed_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An absolute script runs in the working folder if it is below that, and in its own folder otherwise."""
    script = tmp_path / "src" / "prog.py"
    script.parent.mkdir()
    script.touch()
    trace = replace(pipeline(), run=replace(pipeline().run, program=(str(script), "--out", "x")))
    monkeypatch.chdir(tmp_path)
    assert read_command(trace).folder == tmp_path
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert read_command(trace).folder == script.parent
    typed = replace(trace, run=replace(trace.run, program=("src/prog.py",)))
    monkeypatch.chdir(tmp_path)
    assert (read_command(typed).folder, read_command(typed).script) == (tmp_path, script)
    assert common_folder([script.parent, tmp_path / "data" / ".." / "lib"]) == tmp_path


def test_paths_below_the_folder_are_those_of_the_copy() -> None:
    """An absolute path in the folder names the copy; a path that only begins alike stays."""
    root, target = Path("/home/ada/work"), Path("/tmp/copy")
    assert map_path("/home/ada/work/a.txt", root, target) == "/tmp/copy/a.txt"
    assert map_path("/home/ada/work", root, target) == "/tmp/copy"
    assert map_path("/home/ada/workshop", root, target) == "/home/ada/workshop"
    assert map_path("a.txt", root, target) == "a.txt"


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        (b"a\nb\n", b"a\nb\n", None),
        (b"a\nb\n", b"a\nc\n", Difference(2, "b", "c")),
        (b"a\n", b"a\nb\n", Difference(2, None, "b")),
        (b"a", b"a\n", Difference(1, "a", "a")),
        (b"\xff", b"", Difference(1, "\ufffd", None)),
        (b"x" * 200, b"", Difference(1, "x" * 99 + "…", None)),
    ],
)
def test_the_first_difference_is_found(before: bytes, after: bytes, wanted: Difference | None, tmp_path: Path) -> None:
    """Outputs are compared as bytes, line by line; of the first lines that differ the beginning is kept."""
    (tmp_path / "a").write_bytes(before)
    (tmp_path / "b").write_bytes(after)
    assert first_difference(tmp_path / "a", tmp_path / "b") == wanted

"""`ndmem report` and `ndmem stats` without FILE, the examples in the help, and completion in a shell."""

import os
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from tests.system.running import NDMEM, TIMEOUT_S

import ndmem
from ndmem.cli.main import cli, main


def _save_run(path: Path, *, nbytes: int, age_s: int) -> None:
    with ndmem.track() as run:
        a = np.zeros(nbytes, "u1")
    assert a.nbytes == nbytes
    run.save(path)
    os.utime(path, (2_000_000_000 - age_s, 2_000_000_000 - age_s))


def _run_main(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as ended:
        main([*arguments])
    return ended.value.code or 0


@pytest.mark.parametrize("command", ["report", "stats"])
def test_without_a_file_the_newest_run_is_shown(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run written last here is shown, whatever its name; standard error says which one and of how many."""
    monkeypatch.chdir(tmp_path)
    _save_run(tmp_path / "z-old.ndmem", nbytes=8192, age_s=60)
    _save_run(tmp_path / "a-new.ndmem", nbytes=81920, age_s=0)
    assert _run_main(command) == 0
    out, err = capsys.readouterr()
    assert "80 KiB" in out
    assert err == "ndmem: no FILE given: showing a-new.ndmem, the newest of 2 runs here\n"


def test_a_program_that_still_runs_is_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The record of a running program, FILE.partial, counts as FILE."""
    monkeypatch.chdir(tmp_path)
    _save_run(tmp_path / "done.ndmem", nbytes=8192, age_s=60)
    record = tmp_path / "running.ndmem.partial"
    record.write_bytes(b"NDMEMO\r\n" + bytes(100))
    os.utime(record, (2_000_000_000, 2_000_000_000))
    assert _run_main("report") == 2
    assert "showing running.ndmem, the newest of 2 runs here" in capsys.readouterr().err


def test_a_folder_without_runs_says_how_to_write_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without FILE and without a run in the folder, one line names both next steps."""
    monkeypatch.chdir(tmp_path)
    assert _run_main("report") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "ndmem: no FILE given, and this folder has no .ndmem file; name one, or write one with: ndmem run program.py\n"
    )


def _commands(group: click.Group, context: click.Context) -> list[click.Command]:
    found = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found += [command, *(_commands(command, context) if isinstance(command, click.Group) else [])]
    return found


def test_the_help_of_every_command_ends_with_an_example() -> None:
    """Each command, also those of mprof, shows a call of itself."""
    context = click.Context(cli, info_name="ndmem")
    commands = _commands(cli, context)
    assert len(commands) == 19
    for command in commands:
        last = command.get_help(click.Context(command, info_name="x")).rstrip().rpartition("\n\n")[2]
        assert " ".join(last.split()).startswith("Example: ndmem ")
        assert command.name in last


@pytest.mark.parametrize(("words", "completed"), [("ndmem re", "report"), ("ndmem report --form", "--format")])
def test_a_shell_completes_commands_and_options(words: str, completed: str) -> None:
    """Click's mechanism, as bash calls it, answers with the rest of a command or an option."""
    done = subprocess.run(
        [sys.executable, NDMEM],
        env={
            **os.environ,
            "_NDMEM_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        },
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.stdout.splitlines() == [f"plain,{completed}"]

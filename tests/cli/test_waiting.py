"""What is shown while long work goes on."""

import io
import threading
from pathlib import Path

import pytest

from ndmem.cli import waiting


class Terminal(io.StringIO):
    """A stream that says whether it is a terminal."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        """Say so."""
        return self._terminal


@pytest.mark.parametrize(("terminal", "nbytes", "expected"), [(True, 9, True), (True, 1, False), (False, 9, False)])
def test_only_large_files_on_a_terminal_are_announced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, terminal: bool, nbytes: int, expected: bool
) -> None:
    """A file of 9 MiB is named on a terminal; a small one, and any in a pipe, is not."""
    stream = Terminal(terminal=terminal)
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    file = tmp_path / "run.ndmem"
    with file.open("wb") as opened:
        opened.truncate(nbytes * 1024 * 1024)
    with waiting.show_waiting(file, tmp_path / "missing"):
        pass
    for thread in set(threading.enumerate()) - {threading.main_thread()}:
        thread.join(5)  # rich does not wait for its own, which ends at its next refresh
    assert ("9 MiB of events" in stream.getvalue()) is expected
    assert bool(stream.getvalue()) is expected

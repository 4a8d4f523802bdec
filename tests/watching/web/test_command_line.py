"""`--web` on the command line: what it refuses, and what it leaves of the program as it is."""

import contextlib
import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.system.running import NDMEM, Place, started, write_program

from ndmem.errors import MissingError
from ndmem.watching.web.live_page import LivePage
from ndmem.watching.web.needs import need_web

PROGRAM = """\
import sys
import numpy as np
kept = np.ones(100_000)
print("out", flush=True)
print("err", file=sys.stderr, flush=True)
sys.exit(5)
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder with the program in it."""
    write_program(tmp_path / "w", PROGRAM)
    return Place(tmp_path / "w")


@pytest.fixture
def used_port() -> Iterator[int]:
    """A port on which something listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def refused(place: Place, *words: str) -> str:
    """Return the one line with which a command is refused."""
    shown = place.run_ndmem(*words)
    text = shown.stderr.decode()
    assert (shown.status, shown.stdout, text.count("\n")) == (2, b"", 1), text
    assert text.startswith("ndmem: ")
    return text


def test_a_port_in_use_is_one_line_and_no_program_starts(place: Place, used_port: int) -> None:
    """Both commands name the port and what to do; the program has not run, and there is no file of it."""
    (place.folder / "t.ndmem").write_bytes(place.run_tracked("prog.py").stdout and place.trace.read_bytes())
    for words in (["run", "-o", "new.ndmem", "--web", "--port", str(used_port), "prog.py"],
                  ["live", "--web", "--port", str(used_port), "t.ndmem"]):  # fmt: skip
        assert refused(place, *words) == (
            f"ndmem: port {used_port} is in use; choose another one with --port, or leave --port out\n"
        )
    assert not [*place.folder.glob("new.ndmem*")]


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "1.5", ""])
@pytest.mark.parametrize("command", ["run", "live"])
def test_a_port_that_is_none_is_one_line(place: Place, command: str, port: str) -> None:
    """A port outside of 1 to 65535, or not a number."""
    text = refused(place, command, "--web", f"--port={port}", "prog.py")
    assert "--port" in text
    assert "write a number from 1 to 65535, or leave --port out" in text


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["live", "--port", "8000", "t.ndmem"], "--port is of the live page; add --web"),
        (["run", "--port", "8000", "prog.py"], "--port is of the live page; add --web"),
        (["live", "--web", "--once", "t.ndmem"], "leave one of them out"),
        (["live", "--web", "missing.ndmem"], "missing.ndmem"),
        (["live", "--web", "prog.py"], "prog.py"),
        (["live", "--web", "."], "."),
        (["live", "--web", "4194305"], "no process 4194305"),
        (["live", "--web", str(os.getpid())], f"process {os.getpid()} is not tracked"),
    ],
    ids=[*"abcdefgh"],
)
def test_what_cannot_be_shown_is_one_line(place: Place, words: list[str], part: str) -> None:
    """Options that exclude each other, a missing file, one that is not a trace, a process that is not tracked."""
    (place.folder / "t.ndmem").write_bytes(place.run_tracked("prog.py").stdout and place.trace.read_bytes())
    assert part in refused(place, *words)


def test_a_library_that_is_missing_is_said_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra nothing is opened, and the message has the command."""
    found = importlib.util.find_spec

    def find(name: str, *rest: Any) -> Any:
        return None if name in {"starlette", "uvicorn"} else found(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", find)
    for call in (need_web, lambda: LivePage(None)):
        with pytest.raises(MissingError, match=r"starlette, uvicorn.*pip install 'ndmem\[web\]'"):
            call()


@pytest.mark.long
@pytest.mark.parametrize("ending", ["exit", "signal"])
def test_the_program_is_that_of_the_plain_run(place: Place, ending: str) -> None:
    """With a page that is never opened, output, exit status and signal are those of the plain run."""
    if ending == "signal":
        text = PROGRAM.replace("sys.exit(5)", "import os, signal; os.kill(os.getpid(), signal.SIGTERM)")
        (place.folder / "prog.py").write_text(text)
    plain = place.run_plain("prog.py")
    shown = place.run_ndmem("run", "-q", "-f", "-o", "t.ndmem", "--web", "prog.py")
    assert (shown.stdout, shown.status) == (plain.stdout, plain.status)
    first, _, rest = shown.stderr.partition(b"\n")
    assert re.fullmatch(rb"ndmem: live page: http://127\.0\.0\.1:\d+/[\w-]{22}/", first)
    assert rest == plain.stderr


@contextlib.contextmanager
def serving(place: Place, *words: str) -> Iterator[tuple[Any, str]]:
    """Run a command of ndmem that serves a page, and yield it with the page's address."""
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "stdout": subprocess.PIPE}
    with started([sys.executable, NDMEM, *words], cwd=place.folder, **pipes) as process:
        found = re.search(r"http://\S+", process.stderr.readline().decode())
        assert found
        yield process, found[0]


@pytest.mark.long
def test_an_ended_run_is_served_as_its_report_until_ctrl_c(place: Place) -> None:
    """`ndmem live --web` of a saved run says that it has ended, and its page is the report."""
    place.run_tracked("prog.py")
    with serving(place, "live", "--web", str(place.trace)) as (live, address):
        assert live.stderr.readline() == b"ndmem: the program has ended: the page is its report; Ctrl-C quits\n"
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert b'id="answer-title"' in answer.read()
        live.send_signal(signal.SIGINT)
        assert live.wait() == 0

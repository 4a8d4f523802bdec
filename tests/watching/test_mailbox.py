"""The script that a program runs, and what becomes of its question."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.system.running import TIMEOUT_S

from ndmem.watching.mailbox import Answer, Mailbox, Question, make_mailbox
from ndmem.watching.target import Target

RUN = """\
import sys, time
import ndmem.tracking.agent.attached as attached
def begin(settings, answer):
    {body}
attached.begin = begin
try:
    exec(open(sys.argv[1]).read(), {{}})
    print("went on", flush=True)
    for _ in range(3000): time.sleep(0.01)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    """An empty one."""
    return Mailbox(tmp_path)


def run(script: Path, body: str) -> str:
    """Run a script in a program in which begin() does something else."""
    words = [sys.executable, "-c", RUN.format(body=body), str(script)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as program:
        first = program.stdout.readline()
        if "KeyboardInterrupt" in body:
            first += program.communicate(timeout=TIMEOUT_S)[0]
        program.kill()
    return first


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("answer(''); assert settings == {'a': [1, 'x']}", Answer()),
        ("raise ValueError('two\\nlines')", Answer("ValueError", "None", "two\nlines")),
        ("import no_such_module", Answer("ModuleNotFoundError", "no_such_module", "No module named 'no_such_module'")),
        ("answer(''); raise ValueError('later')", Answer()),
    ],
)
def test_answers(mailbox: Mailbox, body: str, expected: Answer) -> None:
    """What the script did is answered once: an error after the answer does not take it back."""
    script = mailbox.write_script(Question.BEGIN, {"a": [1, "x"]})
    assert not mailbox.is_taken(Question.BEGIN)
    assert mailbox.read_answer(Question.BEGIN) is None
    assert run(script, body) == "went on\n"
    assert mailbox.is_taken(Question.BEGIN)
    assert mailbox.read_answer(Question.BEGIN) == expected


def test_ctrl_c_reaches_the_program(mailbox: Mailbox) -> None:
    """A KeyboardInterrupt that comes while the script runs is raised in the program once the script has ended."""
    script = mailbox.write_script(Question.BEGIN, {})
    assert run(script, "raise KeyboardInterrupt") == "went on\ninterrupted\n"
    assert mailbox.read_answer(Question.BEGIN) == Answer("KeyboardInterrupt", "", "")


def test_a_question_is_taken_or_taken_back(mailbox: Mailbox) -> None:
    """Exactly one of the watcher and the program gets a question; one that was taken back is not answered."""
    script = mailbox.write_script(Question.BEGIN, {})
    assert mailbox.take_back(Question.BEGIN)
    assert not mailbox.take_back(Question.BEGIN)
    assert run(script, "answer('')") == "went on\n"
    assert mailbox.read_answer(Question.BEGIN) is None
    script = mailbox.write_script(Question.END, {})
    run(script, "pass")
    assert not mailbox.take_back(Question.END)


def test_the_folder_is_private_and_goes() -> None:
    """Other users cannot read what is exchanged."""
    mailbox = make_mailbox(Target(os.getpid(), os.getuid(), os.getgid()))
    assert mailbox.folder.stat().st_mode & 0o077 == 0
    mailbox.remove()
    assert not mailbox.folder.exists()

"""SIGUSR2 that is sent to the program itself: a report of now from others, what it always was from the program."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .reports import run_both
from .running import NDMEM, Place, started, write_program

# It says who it is, makes an array, and waits for a line.
WAIT = "import os, sys, numpy as np\na = np.ones(10_000)\nprint(os.getpid(), flush=True)\n"


def ask(folder: Path, source: str, *options: str) -> tuple[str, str, int]:
    """Run a program, send SIGUSR2 to its own process once it has said its number, and return what it showed."""
    name = write_program(folder, source)
    command = [sys.executable, NDMEM, "run", "-q", *options, name]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with started(command, cwd=folder, text=True, **pipes) as process:
        os.kill(int(process.stdout.readline()), signal.SIGUSR2)
        first = process.stderr.readline()
        process.stdin.write("\n")
        process.stdin.close()
        out, err = process.stdout.read(), first + process.stderr.read()
        return out, err, process.wait()


@pytest.mark.parametrize("options", [[], ["--no-native"]], ids=["native", "arrays alone"])
def test_a_program_without_a_handler_is_reported_and_goes_on(options: list[str], tmp_path: Path) -> None:
    """A report of now is printed once, and the program, which waits in a system call, does not notice."""
    out, err, status = ask(tmp_path / "w", f"{WAIT}input()\nprint('end')\n", *options)
    assert (out, status) == ("end\n", 0)
    assert err.startswith("Still running at 78.1 KiB: one array of 78.1 KiB")
    assert err.count("Still running") == 1


def test_a_program_with_a_handler_of_its_own_has_it_called(tmp_path: Path) -> None:
    """What a program handles is the program's alone."""
    handler = (
        "import signal, time\ngot = []\n"
        "def handle(*_):\n    got.append(1)\n    print('got', file=sys.stderr, flush=True)\n"
        "signal.signal(signal.SIGUSR2, handle)\n"
    )
    # Not in input() at once: a signal that comes just before the system call that waits ends no wait, and Python calls
    # the handler only afterwards.
    out, err, status = ask(tmp_path / "w", f"{handler}{WAIT}while not got: time.sleep(0.01)\ninput()\n")
    assert (out, err, status) == ("", "got\n", 0)


@pytest.mark.parametrize(
    "source",
    [
        "os.kill(os.getpid(), signal.SIGUSR2)",
        "signal.raise_signal(signal.SIGUSR2)",
        "signal.pthread_kill(threading.get_ident(), signal.SIGUSR2)",
        "threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGUSR2)).start()\ntime.sleep(9)",
        "pid = os.fork()\nif not pid: time.sleep(9)\nos.kill(pid, signal.SIGUSR2)\nprint(os.waitpid(pid, 0)[1])",
        "p = subprocess.Popen(['sleep', '9'])\np.send_signal(signal.SIGUSR2)\nprint(p.wait())",
        "print(signal.getsignal(signal.SIGUSR2), signal.signal(signal.SIGUSR2, signal.SIG_IGN))\n"
        "os.kill(os.getpid(), signal.SIGUSR2)\nprint('alive')",
        "print(signal.signal(signal.SIGUSR2, print), signal.signal(signal.SIGUSR2, signal.SIG_DFL))\n"
        "os.kill(os.getpid(), signal.SIGUSR2)",
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])\nos.kill(os.getpid(), signal.SIGUSR2)\n"
        "print(signal.sigwait([signal.SIGUSR2]))",
    ],
)
def test_what_the_program_does_with_it_is_as_it_was(source: str, tmp_path: Path) -> None:
    """A program that sends SIGUSR2 to itself or to its child ends it; what ``signal`` returns is unchanged."""
    folder = tmp_path / "work"
    program = write_program(folder, f"import os, signal, subprocess, sys, threading, time, numpy\n{source}\n")
    # One thread of OpenBLAS: where there are others, any of them may be given the signal, also in the plain run.
    place = Place(folder, environment={"OPENBLAS_NUM_THREADS": "1"})
    assert place.run_tracked(program) == place.run_plain(program)


@pytest.mark.long
@pytest.mark.parametrize(
    "send",
    [
        "pid = os.fork()\nif not pid: os.kill(os.getppid(), signal.SIGUSR2); os._exit(0)\nos.waitpid(pid, 0)",
        "subprocess.run(['sh', '-c', f'kill -USR2 {os.getpid()}'])",
        "subprocess.run([sys.executable, '-c', 'import os; os.kill(os.getppid(), 12)'])",
    ],
    ids=["fork", "shell", "interpreter"],
)
def test_a_child_that_sends_it_requests_a_report(send: str, tmp_path: Path) -> None:
    """A child of the program is another process: its SIGUSR2 prints a report, and the program goes on."""
    source = f"import os, signal, subprocess, sys, numpy as np\na = np.ones(10_000)\n{send}\ninput()\nprint('end')\n"
    name = write_program(tmp_path / "work", source)
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    command = [sys.executable, NDMEM, "run", "-q", name]
    with started(command, cwd=tmp_path / "work", text=True, **pipes) as process:
        first = process.stderr.readline()
        out, _ = process.communicate("\n")
    assert first.startswith("Still running at 78.1 KiB: one array of 78.1 KiB")
    assert (out, process.returncode) == ("end\n", 0)


def test_it_is_ignored_where_who_started_the_run_had_it_ignored(tmp_path: Path) -> None:
    """A signal that is ignored from the start stays so."""
    text = (
        "import os, signal\nprint(signal.getsignal(signal.SIGUSR2))\nos.kill(os.getpid(), signal.SIGUSR2)\nprint(1)\n"
    )
    before = signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    try:
        run_both(tmp_path / "work", text, fresh=True)  # it inherits what is ignored here
    finally:
        signal.signal(signal.SIGUSR2, before)

"""A program under ``ndmem run`` where something around it is unusual: streams, folders, limits, signals."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import ndmem

from .running import NDMEM, TIMEOUT_S, started, write_program

SHOW_STREAMS = (
    "import os, sys\nprint([s and s.fileno() for s in (sys.stdin, sys.stdout, sys.stderr)], os.open('/dev/null', 0), "
    "file=open('seen', 'w'))\nimport numpy as np\na = np.ones(10_000)\nsys.exit(3)"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The working folder of a program."""
    place = tmp_path / "work"
    place.mkdir()
    return place


def tracked(*words: str, trace: Path) -> list[str]:
    """Return the command that runs a program tracked."""
    return [sys.executable, NDMEM, "run", "-q", "-f", "-o", str(trace), *words]


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)], ids=str)
def test_closed_streams(closed: tuple[int, ...], folder: Path) -> None:
    """A program started with closed standard streams sees them closed, runs, and is recorded."""
    name = write_program(folder, SHOW_STREAMS)
    trace = folder.with_name("t.ndmem")
    seen = []
    for words in ([sys.executable, name], tracked(name, trace=trace)):

        def close() -> None:
            for descriptor in closed:
                os.close(descriptor)

        done = subprocess.run(words, cwd=folder, preexec_fn=close, timeout=TIMEOUT_S, check=False)
        seen.append((done.returncode, (folder / "seen").read_text()))
    assert seen[0] == seen[1]
    assert ndmem.load(trace).live == 80_000


def test_few_descriptors(folder: Path) -> None:
    """Where a process may open only 24 files the program runs, and is recorded."""
    name = write_program(folder, SHOW_STREAMS)
    trace = folder.with_name("t.ndmem")
    done = subprocess.run(
        tracked(name, trace=trace),
        cwd=folder,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24)),
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 3
    assert ndmem.load(trace).live == 80_000


def test_a_deleted_working_folder(folder: Path) -> None:
    """A program whose working folder is gone runs as it does without ndmem, its trace elsewhere."""
    name = write_program(folder, "import os, numpy as np\na = np.ones(10_000)\nos.write(1, b'ran')\nos.getcwd()")
    outcomes = []
    for i, words in enumerate(
        ([sys.executable, str(folder / name)], tracked(str(folder / name), trace=folder.with_name("t.ndmem")))
    ):
        gone = folder / f"gone{i}"
        gone.mkdir()
        outcomes.append(
            subprocess.run(
                ["/bin/sh", "-c", 'cd "$0" && rmdir "$0" && exec "$@"', str(gone), *words],
                capture_output=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        )
    plain, under = outcomes
    assert (under.returncode, under.stdout, under.stderr) == (plain.returncode, plain.stdout, plain.stderr)
    assert ndmem.load(folder.with_name("t.ndmem")).live == 80_000


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGCHLD, signal.SIGPIPE, signal.SIGHUP, signal.SIGUSR1])
def test_ignored_and_blocked_signals_are_inherited(number: signal.Signals, folder: Path) -> None:
    """A signal that whoever starts ndmem ignores or blocks is ignored or blocked in the program."""
    source = "import signal\nprint([repr(signal.getsignal(s)) for s in sorted(signal.valid_signals())])\n"
    name = write_program(folder, f"{source}print(signal.pthread_sigmask(signal.SIG_BLOCK, ()))\nraise SystemExit(9)")

    def prepare() -> None:
        signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2, signal.SIGTERM})

    outcomes = [
        subprocess.run(
            words,
            cwd=folder,
            preexec_fn=prepare,
            restore_signals=False,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        for words in ([sys.executable, name], tracked(name, trace=folder.with_name("t.ndmem")))
    ]
    assert (outcomes[1].returncode, outcomes[1].stdout) == (outcomes[0].returncode, outcomes[0].stdout)


WAIT = "print('ready', flush=True)\nimport time\ntime.sleep(50)"
PLAIN_WAIT = f"import numpy as np\na = np.ones(10_000)\n{WAIT}"
COUNT = (
    "import signal, time, numpy as np\na = np.ones(10_000)\ngot = []\n"
    "def handle(n, f):\n    got.append(n)\n    print('got', n, flush=True)\n"
    "for s in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGALRM):\n    signal.signal(s, handle)\n"
    "print('ready', flush=True)\n"
    "while signal.SIGALRM not in got: time.sleep(0.01)\n"
    "raise SystemExit(4)"
)


def wait_until_it_sleeps(pid: int) -> None:
    """Wait until a program, or the one that a launcher has started, is in the sleep that it says it is ready for."""
    while True:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        program = children[0] if children else pid
        # The state follows the name, which is in parentheses.
        if Path(f"/proc/{program}/stat").read_text().rpartition(")")[2].split()[0] == "S":
            return


def interrupt(words: list[str], folder: Path, send: Callable[[int], None]) -> tuple[int, bytes, bytes]:
    """Start a command in a process group of its own, send it a signal when it waits, and wait for its end."""
    with started(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        first = process.stdout.readline()
        wait_until_it_sleeps(process.pid)  # there the traceback is always the same
        send(process.pid)
        out, err = process.stdout.read(), process.stderr.read()
        return process.wait(), first + out, err


def interrupt_twice(words: list[str], folder: Path, number: signal.Signals) -> tuple[int, bytes, bytes]:
    """Start a command, send it a signal when it is ready, then SIGALRM when it has handled that, and wait.

    ndmem passes signals on one after the other: the first one, if it came twice, would come before the second.
    """
    with started(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        written = process.stdout.readline()
        os.kill(process.pid, number)
        written += process.stdout.readline()
        os.kill(process.pid, signal.SIGALRM)
        written += process.stdout.read()
        return process.wait(), written, process.stderr.read()


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGALRM])
@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["process", "group"])
def test_a_signal_ends_the_program(send: Callable[[int, int], None], number: signal.Signals, folder: Path) -> None:
    """A signal to ndmem, or to its group, ends program and ndmem as it ends the plain program; the trace is there."""
    name = write_program(folder, PLAIN_WAIT)
    trace = folder.with_name("t.ndmem")
    plain, under = (
        interrupt(words, folder, lambda pid: send(pid, number))
        for words in ([sys.executable, name], tracked(name, trace=trace))
    )
    assert under == plain
    assert ndmem.load(trace).trace.run.exit_status == -number
    assert ndmem.load(trace).live == 80_000


LAUNCHER = """
import os, signal, sys
from ndmem.tracking.launcher.wait import Ended, wait

number = signal.Signals(int(sys.argv[1]))

class Samples:
    interval_s = 0.01
    def take(self):
        os.kill(pid, number)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        os.kill(os.getpid(), number)
    def close(self):
        pass

signal.pthread_sigmask(signal.SIG_BLOCK, {number, signal.SIGCHLD})
pid = os.posix_spawn("/bin/sleep", ["sleep", "50"], {}, setsigmask=[])
print(wait(pid, Samples(), Samples(), report=None, prepare=lambda: iter(())).status)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGALRM])
def test_a_signal_to_the_group_while_memory_is_sampled(number: signal.Signals) -> None:
    """A signal that ends the program before the launcher has taken its own copy does not end the launcher."""
    done = subprocess.run(
        [sys.executable, "-c", LAUNCHER, str(int(number))],
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{-number}\n", "")


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_a_handled_signal_arrives_once(number: signal.Signals, folder: Path) -> None:
    """A signal sent to ndmem reaches the program's handler once, and the program goes on."""
    name = write_program(folder, COUNT)
    trace = folder.with_name("t.ndmem")
    plain, under = (
        interrupt_twice(words, folder, number) for words in ([sys.executable, name], tracked(name, trace=trace))
    )
    assert under == plain
    assert under == (4, f"ready\ngot {int(number)}\ngot {int(signal.SIGALRM)}\n".encode(), b"")


def test_a_read_only_folder(folder: Path) -> None:
    """Where nothing can be written the program does not start without a trace, and runs with one elsewhere."""
    name = write_program(folder, "print('ran')")
    folder.chmod(0o555)
    try:
        done = subprocess.run(
            tracked(name, trace=folder.with_name("t.ndmem")),
            cwd=folder,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"ran\n", b"")
    finally:
        folder.chmod(0o755)

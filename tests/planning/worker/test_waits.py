"""A prediction never waits forever, and leaves no process or folder behind."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ndmem
from ndmem.planning.worker.process import forked as child
from ndmem.planning.worker.process import other_threads

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel says what threads do on Linux")

_N = ndmem.dims(n=1_000_000)


@contextlib.contextmanager
def _start(program: str, temporary: Path) -> "Iterator[subprocess.Popen[str]]":
    """Start a program and kill it at the end: one whose test has failed may run on."""
    environment = {**os.environ, "TMPDIR": str(temporary), "OPENBLAS_NUM_THREADS": "2"}
    command = [sys.executable, "-c", textwrap.dedent(program)]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _run(program: str, temporary: Path) -> str:
    """Run a program that may hang in C, where nothing but its end helps."""
    with _start(program, temporary) as process:
        try:
            output, errors = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            pytest.fail("the program hangs")
    assert process.returncode == 0, errors
    return output


_BLAS_IN_A_THREAD = """
import threading
import numpy as np
import ndmem

a = np.ones((1500, 1500))
end = threading.Event()
started = threading.Event()

def multiply():
    while not end.is_set():
        a @ a
        started.set()

lock = threading.Lock()

def scale(x):
    return x + 1

def scale_locked(x):
    with lock:
        return x + 1

thread = threading.Thread(target=multiply)
thread.start()
started.wait()
dims = ndmem.dims(n=10**6)
try:
    print(ndmem.predict({function}, "f8[n]", dims=dims, native=False, timeout=60).peak)
except ndmem.PredictionError as error:
    print(error)
end.set()
thread.join()
"""


@pytest.mark.long
def test_a_thread_in_blas_is_no_obstacle(tmp_path: Path) -> None:
    """While another thread multiplies, a function of __main__ is predicted in a fresh interpreter."""
    assert _run(_BLAS_IN_A_THREAD.format(function="scale"), tmp_path) == "8000008\n"


def test_what_can_be_neither_forked_nor_pickled_is_refused(tmp_path: Path) -> None:
    """A function with a lock, while another thread multiplies, is refused in one sentence that says both."""
    output = _run(_BLAS_IN_A_THREAD.format(function="scale_locked"), tmp_path)
    assert "other threads of this process are running" in output
    assert "a fresh interpreter cannot run it either" in output
    assert output.count("\n") == 1


def test_threads_at_rest_do_not_forbid_a_fork() -> None:
    """What cannot be pickled is forked while all other threads sleep."""
    end, lock = threading.Event(), threading.Lock()
    thread = threading.Thread(target=end.wait)
    thread.start()

    def work(x: Any) -> Any:
        with lock:
            return x + 1

    try:
        assert other_threads.has_python_threads()
        assert ndmem.predict(work, "f8[n]", dims=_N, native=False, timeout=60).peak == 8_000_008
    finally:
        end.set()
        thread.join()


def test_a_thread_that_computes_is_not_at_rest() -> None:
    """A thread that waits for the GIL is asleep for the kernel, and counts as running."""
    end = threading.Event()

    def compute() -> None:
        while not end.is_set():
            sum(range(1000))

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        assert not other_threads.wait_until_threads_sleep()
    finally:
        end.set()
        thread.join()


_NEVER_RETURNS = """
import sys
import ndmem

def waits(x):
    while True:
        pass

print("begun", flush=True)
ndmem.predict(waits, "f8[n]", dims=ndmem.dims(n=10**6), timeout=1000, progress=lambda text: print(text, flush=True))
"""


def _wait_for_children(process: "subprocess.Popen[str]") -> list[int]:
    place = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not (children := place.read_text("ascii").split()):
        assert process.poll() is None
    return [int(word) for word in children]


def _wait_for_the_end_of(pids: list[int]) -> None:
    """Wait until processes are gone: one that was just forked, or has lost its parent, ends by itself."""
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline


def test_an_interrupt_ends_the_wait(tmp_path: Path) -> None:
    """SIGINT while the function runs ends the program; neither process nor folder is left."""
    with _start(_NEVER_RETURNS, tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.stdout.readline()
        children = _wait_for_children(process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
    _wait_for_the_end_of(children)
    assert not list(tmp_path.iterdir())


@pytest.mark.long
def test_the_folder_of_a_killed_program_goes_with_the_next_prediction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that no process has is removed; one that a process has stays, and so does any other."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with _start(_NEVER_RETURNS, tmp_path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        while not (found := list(tmp_path.glob("ndmem-predict-*"))):  # tempfile tries the folder with a file of its own
            assert process.poll() is None
        (abandoned,) = found
        children = _wait_for_children(process)
        other = tmp_path / "ndmem-other"
        other.mkdir()
        unlocked = tmp_path / "ndmem-new-x"
        unlocked.mkdir()
        ndmem.predict(lambda x: x, "f8[n]", dims=_N, native=False)
        assert abandoned.exists()
        assert unlocked.exists()
        process.kill()
        process.wait()
    _wait_for_the_end_of(children)  # it has the lock of the folder, as a fork has all open files
    os.utime(unlocked, (0, 0))
    ndmem.predict(lambda x: x, "f8[n]", dims=_N, native=False)
    assert list(tmp_path.iterdir()) == [other]


def test_the_folder_of_a_prediction_in_a_thread_goes_with_the_program(tmp_path: Path) -> None:
    """A program that ends while a daemon thread predicts leaves no folder."""
    begun = tmp_path.with_name("begun")
    program = f"""
import tempfile, threading, pathlib, time
import ndmem
begun = pathlib.Path({str(begun)!r})
def never(x):
    begun.touch()
    time.sleep(1000)
options = {{"dims": ndmem.dims(n=10**6), "native": False, "sandbox": False, "timeout": 1000}}
threading.Thread(target=ndmem.predict, args=(never, "f8[n]"), kwargs=options, daemon=True).start()
while not begun.exists():
    time.sleep(0.01)
assert list(pathlib.Path(tempfile.gettempdir()).glob("ndmem-predict-*"))
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=120)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, None])
def test_a_dead_child_leaves_no_folder(
    number: signal.Signals | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the function wrote, in folders without rights too, is gone when its process is."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def writes(x: Any) -> Any:
        Path("a/b").mkdir(parents=True, exist_ok=True)
        Path("a/b/file").write_bytes(b"x")
        if number is not None:
            signal.raise_signal(number)
        return x

    if number is None:
        ndmem.predict(writes, "f8[n]", dims=_N, native=False)
    else:
        with pytest.raises(ndmem.PredictionError, match=number.name):
            ndmem.predict(writes, "f8[n]", dims=_N, native=False)
    assert not list(tmp_path.iterdir())


def test_a_program_that_ignores_its_children_is_no_obstacle() -> None:
    """With SIGCHLD ignored the system keeps no status: the prediction is right, and a death is an error."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert ndmem.predict(lambda x: x + 1, "f8[n]", dims=_N, native=False).peak == 8_000_008
        with pytest.raises(ndmem.PredictionError, match="ended without an answer"):
            ndmem.predict(lambda x: os._exit(0), "f8[n]", dims=_N, native=False)
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_a_child_that_reads_nothing_is_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request longer than a pipe takes is written until the deadline, and no longer."""
    release, hold = os.pipe()
    monkeypatch.setattr(child, "serve_requests", lambda *arguments, **options: os.read(release, 1))
    waiting = child.Child(lambda refused: pytest.fail("it serves nothing"), memory=2**20, sandbox=True)
    with waiting, pytest.raises(child.ChildTimeoutError):
        waiting.ask(bytes(2**20), 0.5)  # type: ignore[arg-type]  # only its length counts
    os.close(release)
    os.close(hold)

"""A child process that runs a function at small sizes, and that nothing it does can take the parent with it."""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import re
import select
import shutil
import signal
import struct
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from ndmem import _native
from ndmem.errors import PredictionError

from .sandbox import Sandbox, keep_descriptor
from .work import Answer, Request, Worker

_LENGTH = struct.Struct("=Q")
_LARGEST_FILE = 2**30
# Not RLIMIT_AS: each thread that malloc serves reserves 64 MiB of addresses, which are no memory. Stacks do count.
_STACK = 2**23
_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_LONGEST_ANSWER = 2**34
_TICK_S = 0.2


class ChildDiedError(PredictionError):
    """The child ended instead of answering: it was killed, or crashed in C."""


class ChildTimeoutError(PredictionError):
    """The child took longer than it may."""


class Child:
    """A fork of this process that answers requests; a new one is made when it has ended.

    Parameters
    ----------
    make_worker : callable
        Called in the child, with the list that refusals go to.
    memory : int
        Bytes that the function may take beyond what this process has.
    sandbox : bool
        Refuse what reaches beyond the child.
    """

    def __init__(self, make_worker: Callable[[list[str]], Worker], *, memory: int, sandbox: bool) -> None:
        self._make_worker = make_worker
        self._memory = memory
        self._sandbox = sandbox
        self._pid = 0
        self._to = self._from = -1
        self._folder: Path | None = None

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()

    def ask(self, request: Request, timeout: float, watch: Callable[[int], None] | None = None) -> Answer:
        """Send a request and wait for its answer.

        Parameters
        ----------
        request : Request
            What is wanted.
        timeout : float
            Seconds to wait.
        watch : callable, optional
            Called with the child's process id, some times a second while it works.

        Raises
        ------
        ChildTimeoutError, ChildDiedError
            If there is none. The child is then gone.
        """
        self.start()
        deadline = time.monotonic() + timeout
        try:
            write_message(self._to, pickle.dumps(request))
            answer: Answer = pickle.loads(
                read_message(self._from, deadline, lambda: watch(self._pid) if watch else None)
            )  # it is our own child
        except TimeoutError:
            self.end()
            raise ChildTimeoutError(f"it did not return within {timeout:.0f} s") from None
        except (OSError, EOFError, pickle.UnpicklingError):
            raise ChildDiedError(f"the child process {self._say_end(self.end())}") from None
        except BaseException:  # Ctrl-C while waiting
            self.end()
            raise
        return answer

    def start(self) -> None:
        """Start it before it is asked for anything, so that it is ready when it is."""
        if not self._pid:
            self._start()

    def _start(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="ndmem-predict-"))
        request_end, self._to = os.pipe()
        self._from, answer_end = os.pipe()
        with warnings.catch_warnings():
            # Python 3.12 warns of threads; what they held is waited for with a limit, and then given up.
            warnings.simplefilter("ignore")
            self._pid = os.fork()
        if not self._pid:
            _serve_and_exit(self, request_end, answer_end)
        os.close(request_end)
        os.close(answer_end)

    def serve(self, request_end: int, answer_end: int) -> None:
        """Answer requests until there are no more; in the fork."""
        os.close(self._to)
        os.close(self._from)
        serve_requests(
            self._make_worker,
            request_end,
            answer_end,
            folder=self._folder or Path(),
            memory=self._memory,
            sandbox=self._sandbox,
        )

    def end(self) -> int | None:
        """End the child, whatever it does; return its wait status."""
        if not self._pid:
            return None
        pid, self._pid = self._pid, 0
        for descriptor in (self._to, self._from):
            os.close(descriptor)
        ended, status = os.waitpid(pid, os.WNOHANG)
        for target in (os.killpg, os.kill):
            with contextlib.suppress(OSError):  # it had no time to have a group of its own, or is gone
                target(pid, signal.SIGKILL)
        if not ended:
            _, status = os.waitpid(pid, 0)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        return status

    @staticmethod
    def _say_end(status: int | None) -> str:
        if status is not None and os.WIFSIGNALED(status):
            return f"died of signal {os.WTERMSIG(status)} ({signal.Signals(os.WTERMSIG(status)).name})"
        return "ended without an answer"


def _serve_and_exit(child: Child, request_end: int, answer_end: int) -> NoReturn:
    """Run in the child; it leaves no trace of itself in what the parent registered for its own end."""
    try:
        child.serve(request_end, answer_end)
    finally:
        os._exit(0)


def serve_requests(
    make_worker: Callable[[list[str]], Worker],
    request_end: int,
    answer_end: int,
    *,
    folder: Path,
    memory: int,
    sandbox: bool,
) -> None:
    """Answer requests until there are no more; in the child.

    Raises
    ------
    EOFError
        When the parent asks no more.
    """
    worker = _settle(make_worker, folder, sandbox, (request_end, answer_end))
    limit = _make_limit(memory)
    while True:
        request = pickle.loads(read_message(request_end, None))  # from our own parent
        write_message(answer_end, pickle.dumps(worker.answer(request, limit)))


def _settle(make_worker: Callable[[list[str]], Worker], folder: Path, sandboxed: bool, own: tuple[int, ...]) -> Worker:
    """Make a fork a place of its own: no terminal, no signals of the parent's, another folder."""
    os.setsid()
    _native.stop_all()  # of a program under `ndmem run`: a dry run is no part of it
    _die_with_parent()
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(signum, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    # A notebook's streams talk to the kernel by other ways than descriptors. These stay open until the child ends
    # (SIM115), and builtin open does it without pathlib (PTH123).
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    sys.settrace(None)
    sys.setprofile(None)
    sys.dont_write_bytecode = True
    gc.freeze()  # each run begins with a collection, and what the parent had need not be looked through again
    warnings.simplefilter("ignore")
    refused: list[str] = []
    if sandboxed:
        here = os.getcwd()  # noqa: PTH109  # the very text that '' on sys.path stands for
        sys.path[:] = [entry or here for entry in sys.path]
        os.chdir(folder)
        for number in own:
            keep_descriptor(number)
        box = Sandbox(folder)
        refused = box.refused
        box.close()
    return make_worker(refused)


def _die_with_parent() -> None:
    """Ask Linux to end this process when the parent ends."""
    import ctypes  # noqa: PLC0415  # in the child alone

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)


def _make_limit(memory: int) -> Callable[[], contextlib.AbstractContextManager[None]]:
    """Return what limits the memory while the function runs; our own books need some more."""
    try:
        import resource  # noqa: PLC0415  # POSIX alone has it, and fork
    except ImportError:
        return contextlib.nullcontext
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))

    @contextlib.contextmanager
    def limit() -> Iterator[None]:
        most = _data_nbytes() + memory + (os.cpu_count() or 1) * _STACK
        for other in (soft, hard):
            most = most if other == resource.RLIM_INFINITY else min(most, other)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))

    return limit


def _data_nbytes() -> int:
    """Return what counts against the limit now: memory that only this process can write to."""
    try:
        status = Path("/proc/self/status").read_text("ascii", "replace")
    except OSError:  # not Linux
        return 2**40
    found = re.search(r"^VmData:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 2**40


def write_message(descriptor: int, data: bytes) -> None:
    """Write bytes with their length in front."""
    view = memoryview(_LENGTH.pack(len(data)) + data)
    while view:
        view = view[os.write(descriptor, view) :]


def read_message(descriptor: int, deadline: float | None, tick: Callable[[], None] | None = None) -> bytes:
    """Read what `write_message` wrote.

    Raises
    ------
    EOFError, TimeoutError
        If the other end is closed, or the deadline is over.
    """
    (length,) = _LENGTH.unpack(_read_exactly(descriptor, _LENGTH.size, deadline, tick))
    if length > _LONGEST_ANSWER:
        raise EOFError
    return _read_exactly(descriptor, length, deadline, tick)


def _read_exactly(descriptor: int, length: int, deadline: float | None, tick: Callable[[], None] | None) -> bytes:
    parts: list[bytes] = []
    while length:
        while deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            if select.select([descriptor], [], [], min(left, _TICK_S))[0]:
                break
            if tick is not None:
                tick()
        part = os.read(descriptor, min(length, 2**20))
        if not part:
            raise EOFError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)

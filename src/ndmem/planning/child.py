"""A child process that runs a function at small sizes, and that nothing it does can take the parent with it."""

from __future__ import annotations

import contextlib
import os
import pickle
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from ndmem.errors import PredictionError

from .messages import read_message, write_message
from .request import Answer, Request
from .serving import serve_requests
from .stillness import watch_for_stillness
from .work import Worker


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
        ChildTimeoutError, ChildDiedError, StuckError
            If there is none. The child is then gone.
        """
        self.start()
        deadline = time.monotonic() + timeout
        look = self._watch_for_stillness()

        def tick() -> None:
            look()
            if watch is not None:
                watch(self._pid)

        try:
            write_message(self._to, pickle.dumps(request))
            answer: Answer = pickle.loads(read_message(self._from, deadline, tick))  # it is our own child
        except TimeoutError:
            self.end()
            raise ChildTimeoutError(f"it did not return within {timeout:.0f} s") from None
        except (OSError, EOFError, pickle.UnpicklingError):
            raise ChildDiedError(f"the child process {self._say_end(self.end())}") from None
        except BaseException:  # Ctrl-C while waiting
            self.end()
            raise
        return answer

    def _watch_for_stillness(self) -> Callable[[], None]:
        return watch_for_stillness(self._pid)

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

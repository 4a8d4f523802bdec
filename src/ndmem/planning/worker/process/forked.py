"""A forked child process that runs the function; whatever the function does, the parent survives."""

from __future__ import annotations

import os
import pickle
import time
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import NoReturn

from ndmem.errors import PredictionError
from ndmem.planning.worker.child_loop import serve_requests
from ndmem.planning.worker.messages import read_message, write_message
from ndmem.planning.worker.protocol import Answer, Request
from ndmem.planning.worker.sandbox.uncontained import UncontainedError
from ndmem.planning.worker.work import Worker
from ndmem.planning.worker.working_folder import WorkingFolder
from ndmem.platform.signal_names import name_signal

from .ending import end_process
from .other_threads import wait_until_threads_sleep
from .stall import StalledError, watch_for_stall


class ChildDiedError(PredictionError):
    """The child ended without an answer: it was killed, or crashed in C."""


class ChildTimeoutError(PredictionError):
    """The child exceeded the time limit."""


class Child:
    """A fork of this process that answers requests; the next request starts a new one if it has ended.

    A child that replaces one which died or exceeded its time limit first repeats the first request that returned, for
    the calls that were measured before were not the first ones of their process either.

    Parameters
    ----------
    make_worker : callable
        Called in the child, with the list that collects refused operations; ``None`` without a sandbox.
    memory : int
        Bytes that the function may use in addition to those of this process.
    sandbox : bool
        Refuse operations with effects outside the child.
    """

    def __init__(self, make_worker: Callable[[list[str] | None], Worker], *, memory: int, sandbox: bool) -> None:
        self._make_worker = make_worker
        self._memory = memory
        self._sandbox = sandbox
        self._pid = 0
        self._to = self._from = -1
        self._folder: WorkingFolder | None = None
        self._first: Request | None = None

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
            The request.
        timeout : float
            Seconds to wait.
        watch : callable, optional
            Called with the child's process id several times a second until the answer arrives.

        Raises
        ------
        ChildTimeoutError, ChildDiedError, StalledError, UncontainedError
            If there is no answer. The child has then been killed.
        """
        deadline = time.monotonic() + timeout
        try:
            answer = self._ask(request, deadline, watch)
        except TimeoutError:
            self._kill()
            raise ChildTimeoutError(f"it did not finish within {timeout:.0f} s") from None
        except (OSError, EOFError, pickle.UnpicklingError):
            raise ChildDiedError(f"the child process {self._describe_end(self._kill())}") from None
        except BaseException:  # Ctrl-C while waiting
            self._kill()
            raise
        if answer.uncontained:
            self.end()
            raise UncontainedError(answer.uncontained)
        return answer

    def _ask(self, request: Request, deadline: float, watch: Callable[[int], None] | None) -> Answer:
        if not self._pid:
            self._start(deadline)
            if self._first is not None:
                self._exchange(self._first, deadline, watch)
        answer = self._exchange(request, deadline, watch)
        if self._first is None and not answer.error:
            self._first = request
        return answer

    def _exchange(self, request: Request, deadline: float, watch: Callable[[int], None] | None) -> Answer:
        check = self._watch_for_stall()

        def tick() -> None:
            check()
            if watch is not None:
                watch(self._pid)

        write_message(self._to, pickle.dumps(request), deadline)
        answer: Answer = pickle.loads(read_message(self._from, deadline, tick))  # trusted: our own child wrote it
        return answer

    def _watch_for_stall(self) -> Callable[[], None]:
        return watch_for_stall(self._pid)

    def _start(self, deadline: float) -> None:
        """Start the child; waiting for it ends at the deadline."""
        if not wait_until_threads_sleep():
            raise StalledError("other threads of this process are running, and a fork could block on their locks")
        request_end, answer_end = self._open_pipes()
        try:
            with warnings.catch_warnings():
                # Since Python 3.12 fork warns of threads; a child that blocks on their locks is detected and replaced.
                warnings.simplefilter("ignore")
                self._pid = os.fork()
            if not self._pid:
                _serve_and_exit(self, request_end, answer_end)
        finally:
            os.close(request_end)
            os.close(answer_end)

    def _open_pipes(self) -> tuple[int, int]:
        """Open both pipes and create the working folder; return the child's ends."""
        self._folder = WorkingFolder()
        request_end, self._to = os.pipe()
        self._from, answer_end = os.pipe()
        return request_end, answer_end

    def serve(self, request_end: int, answer_end: int) -> None:
        """Answer requests until the parent closes the pipe; runs in the fork."""
        os.close(self._to)
        os.close(self._from)
        if self._folder is not None:
            serve_requests(
                self._make_worker,
                request_end,
                answer_end,
                folder=self._folder.path,
                memory=self._memory,
                sandbox=self._sandbox,
            )

    def end(self) -> None:
        """Kill the child and remove its folder; the next one begins anew."""
        self._first = None
        self._kill()

    def _kill(self) -> int | None:
        """Kill the child and remove its folder; return its wait status, if known."""
        pid, self._pid = self._pid, 0
        for descriptor in (self._to, self._from):
            if descriptor >= 0:
                os.close(descriptor)
        self._to = self._from = -1
        try:
            return end_process(pid) if pid else None
        finally:
            if self._folder is not None:
                self._folder.remove()
                self._folder = None

    @staticmethod
    def _describe_end(status: int | None) -> str:
        if status is not None and os.WIFSIGNALED(status):
            return f"was killed by {name_signal(os.WTERMSIG(status))}"
        return "ended without an answer"


def _serve_and_exit(child: Child, request_end: int, answer_end: int) -> NoReturn:
    """Serve in the fork, then exit without running the exit handlers that the parent registered."""
    try:
        child.serve(request_end, answer_end)
    finally:
        os._exit(0)

"""Have a script run in another Python, and wait for its answer."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING

from ndmem.errors import ProcessError, TrackingError

from .debugger import Debugger, find_debugger
from .system_calls import end_wait
from .target import describe_forbidden

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .mailbox import Answer, Mailbox, Question
    from .target import Target

_SAFE_POINT_S = 0.3
"""Python code reaches a safe point in microseconds; if nothing has happened until then, its main thread waits."""

_AGAIN_S = 1.0
_POLL_S = 0.005

HAS_REMOTE_EXEC = sys.version_info >= (3, 14)
"""Whether Python itself can have a script run in another process."""


def check_means(pid: int) -> None:
    """Raise if this Python has no means to run a script in another process.

    Raises
    ------
    TrackingError
        With what to install.
    """
    if not HAS_REMOTE_EXEC and find_debugger() is None:
        version = ".".join(map(str, sys.version_info[:2]))
        raise TrackingError(
            f"cannot attach to process {pid}: on Python {version} that needs gdb (from Python 3.14 on nothing); "
            "install the package gdb"
        )


class Injection:
    """Runs scripts in one process.

    Parameters
    ----------
    target : Target
        The process.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._debugger = Debugger(target.pid)

    def ask(self, mailbox: Mailbox, question: Question, script: Path, *, goes_on: Callable[[], bool]) -> Answer | None:
        """Have a script run at the next safe point of the main thread, and wait for the answer.

        Parameters
        ----------
        mailbox : Mailbox
            Where the answer will be.
        question : Question
            What the script asks.
        script : Path
            The script.
        goes_on : callable
            Whether to wait longer; asked until the program has begun to run the script.

        Returns
        -------
        Answer or None
            ``None`` if the program ended, or did not begin to run the script in time; then it will do nothing later.

        Raises
        ------
        ProcessError
            If access to the process is denied, or it has ended.
        TrackingError
            If it does not allow scripts.
        """
        self._send(script)
        wake_at, is_debugged = time.monotonic() + _SAFE_POINT_S, not HAS_REMOTE_EXEC
        while (answer := mailbox.read_answer(question)) is None and self._target.is_alive:
            is_taken = mailbox.is_taken(question)
            if not is_taken and not goes_on() and mailbox.take_back(question):
                self.cancel()
                return None
            if not is_taken and time.monotonic() > wake_at:
                # A thread that waits for a lock looks for calls that are pending, but not for scripts.
                if end_wait(self._target.pid) and not is_debugged and find_debugger() is not None:
                    is_debugged = self._is_untaken(mailbox, question) and self._send_by_debugger(script)
                wake_at = time.monotonic() + _AGAIN_S
            time.sleep(_POLL_S)
        if is_debugged:
            self.cancel()
        return answer or mailbox.read_answer(question)

    def _send(self, script: Path) -> None:
        pid = self._target.pid
        if not HAS_REMOTE_EXEC:
            self._debugger.run(script)
            return
        try:
            _run_at_safe_point(pid, os.fspath(script))
        except PermissionError:
            raise ProcessError(describe_forbidden(pid)) from None
        except ProcessLookupError:
            raise ProcessError(f"process {pid} has just ended") from None
        except (RuntimeError, OSError) as error:
            if not self._target.is_alive:
                raise ProcessError(f"process {pid} has just ended") from None
            raise TrackingError(_explain(pid, error)) from None

    def _send_by_debugger(self, script: Path) -> bool:
        with contextlib.suppress(TrackingError):  # it was only one more attempt
            self._debugger.run(script)
            end_wait(self._target.pid)
        return True

    def _is_untaken(self, mailbox: Mailbox, question: Question) -> bool:
        """Whether a moment was not enough for the script to begin."""
        time.sleep(_SAFE_POINT_S)
        return not mailbox.is_taken(question)

    def cancel(self) -> None:
        """Have an empty script run instead of one that will be deleted."""
        if HAS_REMOTE_EXEC:
            with contextlib.suppress(OSError, RuntimeError):
                _run_at_safe_point(self._target.pid, os.devnull)


def _run_at_safe_point(pid: int, script: str) -> None:
    if sys.version_info >= (3, 14):  # as type checkers understand HAS_REMOTE_EXEC
        sys.remote_exec(pid, script)


def _explain(pid: int, error: Exception) -> str:
    if "not enabled" in str(error) or "disabled" in str(error):
        return (
            f"process {pid} allows no scripts from outside: it runs with PYTHON_DISABLE_REMOTE_DEBUG or "
            "-X disable-remote-debug; start it without, or under ndmem run"
        )
    return f"cannot attach to process {pid}: {error}; start the program with ndmem run"

"""End the recording of a program when ``ndmem attach`` ends, or is killed: a process of its own, which waits for that.

Its standard input is a pipe that ``ndmem attach`` holds open. So the recording ends in the same way whether the user
ends it, or the system kills ``ndmem attach``; no thread in the recorded program has to watch for it.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path

from ndmem.errors import NdmemError

from .injection import Injection
from .mailbox import Mailbox, Question
from .target import Target

_POLL_S = 0.005


def start_guard(target: Target, mailbox: Mailbox, *, import_from: str) -> subprocess.Popen[bytes]:
    """Start the process; it ends the recording and deletes the mailbox when its standard input is closed."""
    return subprocess.Popen(
        # -P: a file of the working folder must not be imported.
        [
            sys.executable,
            "-P",
            "-m",
            __name__,
            *map(str, (target.pid, target.uid, target.gid)),
            mailbox.folder,
            import_from,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,  # Ctrl-C in the terminal is for ndmem attach alone
    )


def main(words: list[str]) -> None:
    """Wait for the end of standard input, then end the recording.

    Parameters
    ----------
    words : list of str
        Process id, user and group of the program; folder of the mailbox; folder from which it imports ndmem, or "".
    """
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    target, mailbox, import_from = Target(*map(int, words[:3])), Mailbox(Path(words[3])), words[4]
    sys.stdin.buffer.read()
    try:
        with contextlib.suppress(NdmemError, OSError):  # the program has ended
            _end_recording(target, mailbox, import_from)
    finally:
        mailbox.remove()


def _end_recording(target: Target, mailbox: Mailbox, import_from: str) -> None:
    injection = Injection(target)
    if mailbox.take_back(Question.BEGIN):
        injection.cancel()
        return
    if not mailbox.is_taken(Question.BEGIN):  # it was withdrawn, or never asked
        return
    while (begun := mailbox.read_answer(Question.BEGIN)) is None and target.is_alive:
        time.sleep(_POLL_S)
    if begun is not None and not begun.error:
        script = mailbox.write_script(Question.END, {}, import_from=import_from)
        injection.ask(mailbox, Question.END, script, goes_on=lambda: True)


if __name__ == "__main__":
    main(sys.argv[1:])

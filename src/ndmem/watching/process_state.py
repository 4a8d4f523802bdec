"""State of a process, as the kernel shows it."""

from pathlib import Path

ENDED = frozenset({"", "Z", "X"})
"""There is no such process, or its parent has not waited for it yet."""

STOPPED = frozenset({"T", "t"})
"""A signal such as SIGSTOP, or a debugger, has stopped it."""


def read_state(pid: int) -> str:
    """Return the letter of the state of a process's main thread; empty where there is no such process."""
    try:
        # pid (name) state ...; the name may have any characters.
        return Path(f"/proc/{pid}/task/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0].decode()
    except (OSError, IndexError):
        return ""

"""How a run ended, according to its record."""

from __future__ import annotations

import enum


class Ending(str, enum.Enum):
    """How the program of a run ended."""

    EXIT = "exit"
    """By itself, after its last functions; the exit status may be unknown."""

    SIGNAL = "signal"
    """By a signal, also that of the out-of-memory killer."""

    RUNNING = "running"
    """It had not ended when its record was read."""

    DETACHED = "detached"
    """It had not ended when ``ndmem attach`` stopped recording it."""

    LOST = "lost"
    """Unknown: it was killed together with its launcher, or the machine stopped."""

    UNKNOWN = "unknown"
    """Unknown: the record has no end, and the process is not visible from here."""

    @classmethod
    def by_status(cls, exit_status: int) -> Ending:
        """Return the ending for an exit status; a negative status is a signal's number."""
        return cls.SIGNAL if exit_status < 0 else cls.EXIT

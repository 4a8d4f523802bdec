"""How a run ended, as far as its record knows."""

from __future__ import annotations

import enum


class Ending(str, enum.Enum):
    """How the program of a run ended."""

    EXIT = "exit"
    """By itself, its last functions done; the exit status may not be known."""

    SIGNAL = "signal"
    """By a signal, also that of the out-of-memory killer."""

    RUNNING = "running"
    """It had not ended when its record was read."""

    LOST = "lost"
    """Nobody was left to say: it was killed together with its launcher, or the machine stopped."""

    UNKNOWN = "unknown"
    """Its record has no end, and whether its process still runs cannot be seen from here."""

    @classmethod
    def by_status(cls, exit_status: int) -> Ending:
        """Return what an exit status says; minus a signal's number means the signal."""
        return cls.SIGNAL if exit_status < 0 else cls.EXIT

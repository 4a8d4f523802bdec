"""Names of signals."""

import signal


def name_signal(number: int) -> str:
    """Return the name of a signal; its number if this system has no such signal, as for real-time signals."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

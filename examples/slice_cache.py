"""Watch a stream of measurements and remember the start of each unusual one.

The program leaks without a global list: each remembered start is a slice of 64 values, 512 bytes. It is a view, which
keeps the whole message of 4 MB alive. By NumPy's count the archive holds about 10 KB; it keeps 100 MB alive.
``message[:64].copy()`` in ``remember`` fixes it.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]

MESSAGES = 100
SAMPLES = 500_000


@dataclass(slots=True)
class Archive:
    """Starts of unusual messages, by their number."""

    starts: dict[int, Samples] = field(default_factory=dict)

    def remember(self, number: int, message: Samples) -> None:
        """Keep the first 64 values, enough to recognise the sensor."""
        self.starts[number] = message[:64]

    @property
    def nbytes(self) -> int:
        """Bytes of the archive as NumPy counts them."""
        return sum(start.nbytes for start in self.starts.values())


def receive(number: int) -> Samples:
    """Return the next message: a simulated wave with a step in the middle."""
    time = np.arange(SAMPLES, dtype=np.float64)
    time *= 0.001 * (1 + number % 7)
    message = np.sin(time)
    message[SAMPLES // 2 :] += number / MESSAGES
    return message


def looks_unusual(message: Samples) -> bool:
    """Tell whether the means of the two halves differ by a jump."""
    half = len(message) // 2
    return bool(message[half:].mean() - message[:half].mean() > 0.75)


def watch_stream(messages: int) -> Archive:
    """Receive messages and remember the unusual ones."""
    archive = Archive()
    for number in range(messages):
        message = receive(number)
        if looks_unusual(message):
            archive.remember(number, message)
    return archive


if __name__ == "__main__":
    found = watch_stream(MESSAGES)
    print(f"{len(found.starts)} of {MESSAGES} messages remembered, {found.nbytes:,} bytes as NumPy counts them")

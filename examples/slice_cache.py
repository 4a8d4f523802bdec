"""Watch a stream of measurements and remember the start of each one that looked unusual.

A leak in a program without a single global list: each remembered start is a slice of 64 values, 512 bytes,
and keeps the 4 MB message it was cut from. The archive believes to hold some 10 KB and holds 100 MB and more.
``start.copy()`` in ``remember`` mends it.
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
        """What the archive believes to hold."""
        return sum(start.nbytes for start in self.starts.values())


def receive(number: int) -> Samples:
    """Wait for the next message: here a wave with a step somewhere."""
    time = np.arange(SAMPLES, dtype=np.float64)
    time *= 0.001 * (1 + number % 7)
    message = np.sin(time)
    message[SAMPLES // 2 :] += number / MESSAGES
    return message


def looks_unusual(message: Samples) -> bool:
    """Compare the halves: a jump between them is worth a second look."""
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

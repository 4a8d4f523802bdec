"""Collect every frame until the system kills the program; SIGKILL at the end stands for the out-of-memory killer."""

import os
import signal

import numpy as np


def read_frame(number: int) -> np.ndarray:
    """Return a frame, as a camera would deliver it."""
    return np.full((1024, 1024), float(number))


def collect(count: int) -> list[np.ndarray]:
    """Keep all frames, although a running mean would be enough."""
    frames = []
    for number in range(count):
        frame = read_frame(number)
        frames.append(frame - frame.mean())
    return frames


if __name__ == "__main__":
    collected = collect(20)
    scaled = np.stack(collected)
    os.kill(os.getpid(), signal.SIGKILL)

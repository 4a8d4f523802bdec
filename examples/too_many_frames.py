"""Keep every frame until the limit stops it: ``ndmem run --limit "100 MiB" examples/too_many_frames.py``."""

import numpy as np


def read_frame(number: int) -> np.ndarray:
    """Return one frame of a film: 8 MiB."""
    return np.full((1024, 1024), float(number))


def main() -> None:
    """Collect a film of forty frames."""
    frames: list[np.ndarray] = []
    while len(frames) < 40:
        frames.append(read_frame(len(frames)))
    print(f"{len(frames)} frames")


if __name__ == "__main__":
    main()

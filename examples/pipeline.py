"""Find bright spots in the images of a camera, night by night.

The results are correct, but the program needs 592 MiB of arrays; 210 MiB would be enough. It has three common faults:

* ``normalise`` writes ``(frames - mean) / spread``: the difference is a temporary as large as the result,
  because an operator reuses a temporary only if the other operand has the same shape, and ``spread`` does not;
* ``mean`` and ``spread`` are float64 for precision, and turn float32 frames into float64 images;
* ``make_preview`` returns every eighth pixel as a view, and the view keeps all of the night's images alive.

Run it with ``python examples/pipeline.py``, and with ``ndmem run examples/pipeline.py`` to see them.
"""

import argparse

import numpy as np
import numpy.typing as npt

Frames = npt.NDArray[np.float32]
Images = npt.NDArray[np.float64]

THRESHOLD = 5.0


def load_night(night: int, *, frames: int, size: int) -> Frames:
    """Return the frames of one night: simulated sensor noise, uneven lighting, and some drifting stars."""
    rng = np.random.default_rng(night)
    recorded = rng.standard_normal((frames, size, size), dtype=np.float32)
    recorded += np.linspace(0.0, 3.0, size, dtype=np.float32)
    for star in range(20):
        row, column = rng.integers(0, size - frames, 2)
        for frame in range(frames):
            recorded[frame, row + frame, column + star % 3] += 12.0
    return recorded


def normalise(frames: Frames) -> Images:
    """Subtract each pixel's mean over the night, and divide by its spread."""
    mean = frames.mean(axis=0, dtype=np.float64)
    spread = frames.std(axis=0, dtype=np.float64)
    images: Images = (frames - mean) / spread
    return images


def find_spots(images: Images, threshold: float = THRESHOLD) -> npt.NDArray[np.intp]:
    """Return frame, row and column of each pixel above the threshold.

    One of ``n`` values is at most ``sqrt(n - 1)`` spreads from their mean: a short night needs a lower
    threshold.
    """
    reachable = 0.9 * np.sqrt(len(images) - 1.0)
    return np.argwhere(images > min(threshold, reachable))


def make_preview(images: Images) -> Images:
    """Return a small picture of the night: every eighth pixel of the first image."""
    return images[0, ::8, ::8]


def describe_night(night: int, spots: npt.NDArray[np.intp], preview: Images) -> str:
    """Return a line for the log."""
    rows, columns = preview.shape
    return f"night {night}: {len(spots)} bright pixels, preview of {rows} x {columns}"


def process_nights(nights: int, *, frames: int, size: int) -> dict[int, Images]:
    """Process night after night and return the previews."""
    previews: dict[int, Images] = {}
    for night in range(nights):
        images = normalise(load_night(night, frames=frames, size=size))
        previews[night] = make_preview(images)
        print(describe_night(night, find_spots(images), previews[night]))
    return previews


def main() -> None:
    """Read the options and process all nights."""
    parser = argparse.ArgumentParser(description="Find bright spots in the images of a camera.")
    parser.add_argument("--nights", type=int, default=3)
    parser.add_argument("--frames", type=int, default=16, help="frames a night")
    parser.add_argument("--size", type=int, default=1024, help="rows and columns of a frame")
    options = parser.parse_args()
    previews = process_nights(options.nights, frames=options.frames, size=options.size)
    nbytes = sum(each.nbytes for each in previews.values())
    print(f"{len(previews)} previews, {nbytes:,} bytes as NumPy counts them")


if __name__ == "__main__":
    main()

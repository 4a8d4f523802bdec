"""Find the nearest centre of each point in the most direct way: compute all differences at once.

    ndmem predict examples/distances.py:nearest --arg 'points=f8[n,3]' --arg 'centres=f8[m,3]' n=1e6 m=2000

predicts the memory of a call before it runs, and the largest number of points that fits.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def nearest(points: Floats, centres: Floats) -> npt.NDArray[np.intp]:
    """Return the index of the nearest centre of each point."""
    differences = points[:, None, :] - centres[None, :, :]
    distances = np.sqrt((differences**2).sum(axis=-1))
    return distances.argmin(axis=1)


def main() -> None:
    """Run it for a small number of points."""
    rng = np.random.default_rng(1)
    found = nearest(rng.random((10_000, 3)), rng.random((50, 3)))
    print(f"{len(np.unique(found))} of 50 centres are the nearest of some point")


if __name__ == "__main__":
    main()

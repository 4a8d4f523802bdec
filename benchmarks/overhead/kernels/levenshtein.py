"""Edit distance of two texts, one row of the table at a time: many arrays of 400 bytes to 4 KB."""

import numpy as np
import numpy.typing as npt
from timing import run_timed


def compare_texts(length: int = 480, pairs: int = 450) -> float:
    """Sum the edit distances of random pairs of texts over four letters."""
    rng = np.random.default_rng(8)
    return float(sum(edit_distance(*rng.integers(0, 4, (2, length))) for _ in range(pairs)))


def edit_distance(left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]) -> int:
    """Count the insertions, deletions and substitutions that turn ``left`` into ``right``."""
    steps = np.arange(len(right) + 1)
    row = steps
    for done, letter in enumerate(left, start=1):
        best = np.minimum(row[1:] + 1, row[:-1] + (right != letter))
        # Insertions run along the row: a running minimum of (cost - column) counts them all at once.
        row = np.minimum.accumulate(np.concatenate([[done], best]) - steps) + steps
    return int(row[-1])


if __name__ == "__main__":
    run_timed(compare_texts)

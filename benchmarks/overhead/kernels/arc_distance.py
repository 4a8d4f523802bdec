"""Great-circle distances between pairs of places, the haversine way (arrays of 2.4 MB)."""

import numpy as np
from timing import run_timed


def measure_arcs(pairs: int = 300_000, rounds: int = 80) -> float:
    """Return the mean distance of random pairs of places on Earth, in kilometres."""
    rng = np.random.default_rng(5)
    longitude_a, longitude_b = rng.uniform(-np.pi, np.pi, (2, pairs))
    latitude_a, latitude_b = rng.uniform(-np.pi / 2, np.pi / 2, (2, pairs))
    total = 0.0
    for _ in range(rounds):
        half_chord = (
            np.sin((latitude_a - latitude_b) / 2.0) ** 2
            + np.cos(latitude_a) * np.cos(latitude_b) * np.sin((longitude_a - longitude_b) / 2.0) ** 2
        )
        total += float((12_742.0 * np.arcsin(np.sqrt(half_chord))).mean())
    return total / rounds


if __name__ == "__main__":
    run_timed(measure_arcs)

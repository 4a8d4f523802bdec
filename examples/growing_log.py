"""Simulate a random walk of many particles and log their positions after each step.

The log grows with ``np.append``, which copies the whole log into a new array: 250 steps of 24 000 values
allocate 6 GB to keep 48 MB, and the old and the new log are live together at every step. A list of positions joined
once at the end, or an array allocated for all steps before the first, takes 48 MB and no copying.
"""

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.float64]

PARTICLES = 12_000
STEPS = 250


def take_step(position: Positions, rng: np.random.Generator) -> Positions:
    """Move each particle by a normal step; walls at distance 10 stop it."""
    moved = position + rng.normal(scale=0.3, size=position.shape)
    np.clip(moved, -10.0, 10.0, out=moved)
    return moved


def walk(particles: int, steps: int, rng: np.random.Generator) -> Positions:
    """Return the positions after each step, ``(steps + 1, particles, 2)``."""
    position = np.zeros((particles, 2))
    log = position.ravel()
    for _ in range(steps):
        position = take_step(position, rng)
        log = np.append(log, position)
    return log.reshape(steps + 1, particles, 2)


def measure_spread(log: Positions) -> npt.NDArray[np.float64]:
    """Return the root of the mean squared distance from the start, for each step."""
    spread: npt.NDArray[np.float64] = np.sqrt(np.einsum("spd,spd->s", log, log) / log.shape[1])
    return spread


def main() -> None:
    """Walk, and print how far the cloud has spread."""
    log = walk(PARTICLES, STEPS, np.random.default_rng(11))
    spread = measure_spread(log)
    for step in (1, STEPS // 4, STEPS):
        print(f"after {step:3} steps: {spread[step]:.2f} from the start")


if __name__ == "__main__":
    main()

"""Planets that attract each other: many operations on arrays of 24 bytes to 5 KB."""

import numpy as np
import numpy.typing as npt
from timing import run_timed


def simulate(bodies: int = 25, steps: int = 30_000) -> float:
    """Leap-frog ``bodies`` planets through ``steps`` and return their kinetic energy."""
    rng = np.random.default_rng(6)
    mass, position = rng.uniform(0.5, 2.0, bodies), rng.normal(size=(bodies, 3))
    velocity = np.zeros((bodies, 3))
    for _ in range(steps):
        velocity = velocity + attract(position, mass) * 1e-4
        position = position + velocity * 1e-4
    return float(0.5 * (mass * (velocity**2).sum(axis=1)).sum())


def attract(position: npt.NDArray[np.float64], mass: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the acceleration ``(bodies, 3)`` of each planet, with a softened distance."""
    apart = position[None, :, :] - position[:, None, :]
    cubed = ((apart * apart).sum(axis=2) + 0.01) ** 1.5
    acceleration: npt.NDArray[np.float64] = (apart * (mass / cubed)[:, :, None]).sum(axis=1)
    return acceleration


if __name__ == "__main__":
    run_timed(simulate)

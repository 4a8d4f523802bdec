"""Horizontal diffusion of a weather field: a Laplacian, limited fluxes, an update (arrays of 5 MB)."""

import numpy as np
import numpy.typing as npt
from timing import run_timed


def diffuse(columns: int = 100, levels: int = 60, steps: int = 80) -> float:
    """Diffuse a field ``(columns, columns, levels)`` and return its sum."""
    rng = np.random.default_rng(3)
    field = rng.random((columns, columns, levels))
    strength = rng.random((columns - 4, columns - 4, levels)) * 0.05
    for _ in range(steps):
        laplacian = 4.0 * field[1:-1, 1:-1] - (field[2:, 1:-1] + field[:-2, 1:-1] + field[1:-1, 2:] + field[1:-1, :-2])
        flux_x = limit_flux(laplacian[1:, 1:-1] - laplacian[:-1, 1:-1], field[2:-1, 2:-2] - field[1:-2, 2:-2])
        flux_y = limit_flux(laplacian[1:-1, 1:] - laplacian[1:-1, :-1], field[2:-2, 2:-1] - field[2:-2, 1:-2])
        divergence = flux_x[1:] - flux_x[:-1] + flux_y[:, 1:] - flux_y[:, :-1]
        field[2:-2, 2:-2] -= strength * divergence
    return float(field.sum())


def limit_flux(flux: npt.NDArray[np.float64], gradient: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Set the flux to zero where it would sharpen the field instead of smoothing it."""
    return np.where(flux * gradient > 0.0, 0.0, flux)


if __name__ == "__main__":
    run_timed(diffuse)

"""Boltzmann factors of energies."""

import numpy as np


def boltzmann(energy, beta):
    result = -beta * energy
    return np.exp(result, out=result)


energy = np.linspace(0.0, 5.0, 1_000_000)
weights = boltzmann(energy, 1.5)
print(f"{np.dot(weights, energy):.3f}")

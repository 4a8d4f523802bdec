"""Damp a field over time."""

import numpy as np


class Field:
    def __init__(self, side):
        self.height = np.ones((side, side))

    def step(self, damping):
        self.height = self.height * (1 - damping)  # guilty


field = Field(1_200)
for _ in range(5):
    field.step(0.1)
print(f"{field.height[10, 10]:.6f}")

"""A copy keeps the state before a step, which changes the source."""

import numpy as np


def advance(state):
    state *= 0.9


state = np.linspace(1.0, 2.0, 1_000_000)
previous = state.copy()
advance(state)
print(f"{np.dot(state, previous):.3f}")

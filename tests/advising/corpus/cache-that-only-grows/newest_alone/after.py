"""A history of which the newest frame is shown."""

import numpy as np

history = []


def render(number):
    history.clear()
    frame = np.random.default_rng(number).random(400_000)
    history[:] = [frame]


for number in range(10):
    render(number)
    print(round(history[-1][0], 4))

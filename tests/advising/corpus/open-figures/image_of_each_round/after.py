"""A picture of a wave for each frequency."""

import io

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt

fig, ax = plt.subplots()
for frequency in range(12):
    image = np.sin(np.arange(160_000.0) * frequency).reshape(400, 400)
    ax.clear()
    ax.imshow(image)
    fig.savefig(io.BytesIO(), format="png")
print("done")

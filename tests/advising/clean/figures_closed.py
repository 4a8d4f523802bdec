"""A picture of each of some arrays; each figure is closed."""

import io

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt

for number in range(8):
    image = np.cos(np.arange(90_000.0) * number).reshape(300, 300)
    fig, ax = plt.subplots()
    ax.imshow(image)
    fig.savefig(io.BytesIO(), format="png")
    plt.close(fig)
print("done")

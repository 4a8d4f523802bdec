"""Four images and eight lines in one figure: many arrays of one line, one figure."""

import io

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt

fig, axes = plt.subplots(2, 2)
for number, ax in enumerate(axes.flat):
    ax.imshow(np.cos(np.arange(90_000.0) * number).reshape(300, 300))
fig.savefig(io.BytesIO(), format="png")
print(len(fig.axes))

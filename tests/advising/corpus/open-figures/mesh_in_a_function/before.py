"""A spectrum of each of some signals, drawn to a file."""

import io

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def draw(number):
    table = np.outer(np.linspace(0.0, 1.0, 300), np.linspace(0.0, number, 300))
    fig = plt.figure()  # guilty
    axes = fig.add_subplot()
    axes.pcolormesh(table)
    fig.savefig(io.BytesIO(), format="png")


for number in range(10):
    draw(number)
print("done")

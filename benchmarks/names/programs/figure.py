import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np


def main():
    figure, axes = plt.subplots(1, 2)
    x = np.linspace(0, 1, 1_000_000)
    axes[0].plot(x, np.sin(20 * x))
    axes[1].imshow(np.random.default_rng(0).random((800, 800)))
    figure.savefig("/dev/null", format="png")
    print("ok")


main()

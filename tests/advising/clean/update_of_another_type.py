"""An update whose result has another type than the old value: it does not fit into its memory."""

import numpy as np


def main():
    counts = np.arange(1_000_000)
    counts = counts / 7
    print(f"{counts[-1]:.6f}")


main()

import numpy as np
import pandas as pd


def load(n):
    rng = np.random.default_rng(1)
    return pd.DataFrame({"id": np.arange(n), "group": rng.integers(0, 100, n), "x": rng.random(n), "y": rng.random(n)})


def main():
    frame = load(1_000_000)
    means = frame.groupby("group")["x"].mean().rename("mean")
    joined = frame.merge(means, left_on="group", right_index=True)
    joined["z"] = joined["x"] - joined["mean"]
    print(joined["z"].abs().sum())


main()

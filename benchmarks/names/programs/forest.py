import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import cross_val_score


def main():
    rng = np.random.default_rng(0)
    X = rng.random((30_000, 20))
    y = X[:, 0]
    print(round(cross_val_score(RandomForestRegressor(5, max_depth=6), X, y, cv=3).mean(), 2))


main()

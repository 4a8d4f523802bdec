import numpy as np
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler


def main():
    rng = np.random.default_rng(0)
    X = rng.random((40_000, 12))
    y = X.sum(axis=1)
    model = make_pipeline(StandardScaler(), PolynomialFeatures(3), Ridge())
    model.fit(X, y)
    print(round(model.score(X, y), 3))


main()

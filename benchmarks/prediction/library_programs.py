"""Twenty functions of SciPy, scikit-image, scikit-learn and pandas, chosen before any was measured.

Each has a function, ``make``, which makes its arguments for a size ``n``, and the size to predict.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Program:
    """A function, and the function that makes its arguments."""

    name: str
    function: Callable[..., Any]
    make: Callable[[int], tuple[Any, ...]]
    n: int


def _uniform(*shape: int) -> Any:
    return np.random.default_rng(0).random(shape)


def fftconvolve(a: Any, b: Any) -> Any:
    from scipy.signal import fftconvolve

    return fftconvolve(a, b, mode="same")


def spectrogram(signal: Any) -> Any:
    from scipy.signal import spectrogram

    return spectrogram(signal, nperseg=256)


def gaussian_filter(image: Any) -> Any:
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(image, 3)


def median_filter(image: Any) -> Any:
    from scipy.ndimage import median_filter

    return median_filter(image, size=3)


def cdist(points: Any) -> Any:
    from scipy.spatial.distance import cdist

    return cdist(points, points).min(axis=1)


def rankdata(values: Any) -> Any:
    from scipy.stats import rankdata

    return rankdata(values)


def sparse_normalise(matrix: Any) -> Any:
    from scipy import sparse

    return sparse.diags(1 / (matrix.sum(axis=1).A1 + 1)) @ matrix


def lu_solve(matrix: Any, right: Any) -> Any:
    from scipy.linalg import lu_factor, lu_solve

    return lu_solve(lu_factor(matrix), right)


def rgb2lab(image: Any) -> Any:
    from skimage.color import rgb2lab

    return rgb2lab(image)


def sobel(image: Any) -> Any:
    from skimage.filters import sobel

    return sobel(image)


def resize(image: Any) -> Any:
    from skimage.transform import resize

    return resize(image, (image.shape[0] // 2, image.shape[1] // 2), anti_aliasing=True)


def local_binary_pattern(image: Any) -> Any:
    from skimage.feature import local_binary_pattern

    return local_binary_pattern(image, 8, 1)


def standard_scaler(table: Any) -> Any:
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit_transform(table)


def pca(table: Any) -> Any:
    from sklearn.decomposition import PCA

    return PCA(n_components=4, svd_solver="full").fit_transform(table)


def linear_regression(table: Any, target: Any) -> Any:
    from sklearn.linear_model import LinearRegression

    return LinearRegression().fit(table, target).predict(table)


def polynomial_features(table: Any) -> Any:
    from sklearn.preprocessing import PolynomialFeatures

    return PolynomialFeatures(2).fit_transform(table)


def groupby_mean(frame: Any) -> Any:
    return frame.groupby("key").mean()


def sort_values(frame: Any) -> Any:
    return frame.sort_values("a")


def rolling_mean(frame: Any) -> Any:
    return frame[["a", "b"]].rolling(24).mean()


def describe(frame: Any) -> Any:
    return frame.describe()


def _frame(n: int) -> tuple[Any, ...]:
    import pandas as pd

    rng = np.random.default_rng(0)
    return (pd.DataFrame({"key": rng.integers(0, 100, n), "a": rng.random(n), "b": rng.random(n)}),)


def _sparse(n: int) -> tuple[Any, ...]:
    from scipy import sparse

    # The same number of entries in each row: the size of a random matrix does not follow from its shape.
    rows = np.repeat(np.arange(n), 10)
    columns = (rows * 7 + np.tile(np.arange(10), n) * 13) % n
    return (sparse.csr_matrix((np.ones(10 * n), (rows, columns)), shape=(n, n)),)


PROGRAMS = (
    Program("scipy fftconvolve", fftconvolve, lambda n: (_uniform(n, n), _uniform(31, 31)), 3000),
    Program("scipy spectrogram", spectrogram, lambda n: (_uniform(n),), 8_000_000),
    Program("scipy gaussian_filter", gaussian_filter, lambda n: (_uniform(n, n),), 3000),
    Program("scipy median_filter", median_filter, lambda n: (_uniform(n, n),), 1500),
    Program("scipy cdist", cdist, lambda n: (_uniform(n, 3),), 6000),
    Program("scipy rankdata", rankdata, lambda n: (_uniform(n),), 4_000_000),
    Program("scipy sparse product", sparse_normalise, _sparse, 1_000_000),
    Program("scipy lu_solve", lu_solve, lambda n: (_uniform(n, n), _uniform(n)), 2500),
    Program("skimage rgb2lab", rgb2lab, lambda n: (_uniform(n, n, 3),), 1500),
    Program("skimage sobel", sobel, lambda n: (_uniform(n, n),), 3000),
    Program("skimage resize", resize, lambda n: (_uniform(n, n),), 3000),
    Program("skimage local_binary_pattern", local_binary_pattern, lambda n: (_uniform(n, n),), 2000),
    Program("sklearn StandardScaler", standard_scaler, lambda n: (_uniform(n, 20),), 1_000_000),
    Program("sklearn PCA", pca, lambda n: (_uniform(n, 20),), 500_000),
    Program("sklearn LinearRegression", linear_regression, lambda n: (_uniform(n, 20), _uniform(n)), 500_000),
    Program("sklearn PolynomialFeatures", polynomial_features, lambda n: (_uniform(n, 12),), 400_000),
    Program("pandas groupby mean", groupby_mean, _frame, 4_000_000),
    Program("pandas sort_values", sort_values, _frame, 4_000_000),
    Program("pandas rolling mean", rolling_mean, _frame, 4_000_000),
    Program("pandas describe", describe, _frame, 4_000_000),
)

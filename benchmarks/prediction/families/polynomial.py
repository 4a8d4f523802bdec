"""Ordinary functions: the bytes of each array are a polynomial of the dimensions, or nearly."""

from typing import Any

import numpy as np

from .case import from_arguments, from_make, from_specs


def standardise_columns(x: Any) -> Any:
    return (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-12)


def cosine_similarity(a: Any, b: Any) -> Any:
    a = a / np.linalg.norm(a, axis=1, keepdims=True)
    b = b / np.linalg.norm(b, axis=1, keepdims=True)
    return np.clip(a @ b.T, -1, 1)


def correlation_matrix(x: Any) -> Any:
    return np.corrcoef(x, rowvar=False)


def gradient_magnitude(image: Any) -> Any:
    rows, columns = np.gradient(image)
    return np.hypot(rows, columns)


def power_spectrum(image: Any) -> Any:
    window = np.hanning(image.shape[0])[:, None] * np.hanning(image.shape[1])
    return np.fft.fftshift(np.abs(np.fft.rfft2(image * window)) ** 2, axes=0)


def ridge_residual(x: Any, y: Any) -> Any:
    gram = x.T @ x + 0.1 * np.eye(x.shape[1])
    return (y - x @ np.linalg.solve(gram, x.T @ y)) ** 2


def orthogonal_basis(x: Any) -> Any:
    return np.linalg.qr(x)[0]


def sliding_deviation(x: Any) -> Any:
    return np.lib.stride_tricks.sliding_window_view(x, 16).std(axis=-1)


def joint_histogram(x: Any, y: Any) -> Any:
    return np.histogram2d(x, y, bins=64, range=((0, 1), (0, 1)))[0]


def interpolate_table(x: Any, table: Any) -> Any:
    return np.interp(x, np.linspace(0, 1, len(table)), np.sort(table)).astype(np.float32)


def k_means(points: Any) -> Any:
    centres = points[:16].copy()
    for _ in range(5):
        distances = (points**2).sum(axis=1)[:, None] - 2 * points @ centres.T + (centres**2).sum(axis=1)
        nearest = distances.argmin(axis=1)
        counts = np.maximum(np.bincount(nearest, minlength=16), 1)
        centres = np.stack([np.bincount(nearest, axis, minlength=16) for axis in points.T], axis=1) / counts[:, None]
    return nearest, centres


def principal_scores(x: Any) -> Any:
    centred = x - x.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    return u * s


def masked_anomaly(x: Any) -> Any:
    kept = np.ma.masked_greater(x, 0.9)
    return ((kept - kept.mean()) / kept.std()).filled(0.0)


def drawdown(returns: Any) -> Any:
    wealth = np.cumprod(1 + returns / 1e6, axis=0)
    return 1 - wealth / np.maximum.accumulate(wealth, axis=0)


def gaussian_kernel(x: Any) -> Any:
    from sklearn.metrics.pairwise import rbf_kernel

    return rbf_kernel(x, gamma=0.5)


def scale_robustly(x: Any) -> Any:
    from sklearn.preprocessing import RobustScaler

    return RobustScaler().fit_transform(x)


def to_hsv(image: Any) -> Any:
    from skimage.color import rgb2hsv

    return rgb2hsv(image)


def block_means(image: Any) -> Any:
    from skimage.measure import block_reduce

    return block_reduce(image, (4, 4), np.mean)


def condensed_to_square(points: Any) -> Any:
    from scipy.spatial.distance import pdist, squareform

    return squareform(pdist(points))


def cubic_spline(x: Any, y: Any) -> Any:
    from scipy.interpolate import CubicSpline

    middle = (x[1:] + x[:-1]) / 2
    return CubicSpline(x, y)(np.concatenate([x, middle]))


def group_shares(frame: Any) -> Any:
    return frame["amount"] / frame.groupby("shop")["amount"].transform("sum")


def join_prices(orders: Any, prices: Any) -> Any:
    joined = orders.merge(prices, on="item", how="left")
    return joined["count"] * joined["price"]


def resample_mean(series: Any) -> Any:
    return series.resample("10min").mean().interpolate()


def smooth_stack(stack: Any) -> Any:
    from scipy.ndimage import gaussian_filter1d

    return stack - gaussian_filter1d(stack, 2.0, axis=0)


def upper_codes(codes: Any) -> Any:
    return np.strings.add(np.strings.upper(codes), b"-X")


def _spline_points(n: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(1)
    return np.arange(n, dtype=float), rng.random(n)


def _sales(n: int) -> Any:
    import pandas as pd

    rng = np.random.default_rng(2)
    return pd.DataFrame({"shop": rng.integers(0, 50, n), "amount": rng.random(n), "day": rng.integers(0, 365, n)})


def _orders(n: int) -> tuple[Any, ...]:
    import pandas as pd

    rng = np.random.default_rng(3)
    orders = pd.DataFrame({"item": rng.integers(0, 1000, n), "count": rng.integers(1, 9, n)})
    return orders, pd.DataFrame({"item": np.arange(1000), "price": rng.random(1000)})


def _seconds(n: int) -> Any:
    import pandas as pd

    return pd.Series(np.random.default_rng(4).random(n), index=pd.date_range("2024-01-01", periods=n, freq="s"))


def _points(n: int) -> Any:
    return np.random.default_rng(5).random((n, 3))


def _stack(t: int, h: int, w: int) -> Any:
    return np.random.default_rng(6).random((t, h, w), np.float32)


def _codes(n: int) -> Any:
    letters = np.random.default_rng(7).integers(97, 123, (n, 10), np.uint8)
    return letters.view("S10").ravel()


def _table(n: int, d: int) -> Any:
    return np.random.default_rng(8).random((n, d))


def _image(h: int, w: int) -> Any:
    return np.random.default_rng(9).random((h, w))


def _images(h: int, w: int) -> Any:
    return np.random.default_rng(10).random((h, w, 3), np.float32)


CASES = (
    from_specs(standardise_columns, "f8[n, d]", n=1_000_000, d=40),
    from_specs(cosine_similarity, "f8[n, d]", "f8[m, d]", n=12_000, m=6000, d=48),
    from_specs(correlation_matrix, "f8[n, d]", n=100_000, d=300),
    from_specs(gradient_magnitude, "f4[h, w]", h=6000, w=8000),
    from_specs(power_spectrum, "f8[h, w]", h=4096, w=5000),
    from_specs(ridge_residual, "f8[n, d]", "f8[n, k]", n=2_000_000, d=20, k=8),
    from_specs(sliding_deviation, "f8[n]", n=4_000_000),
    from_specs(joint_histogram, "f8[n]", "f8[n]", n=8_000_000),
    from_specs(interpolate_table, "f8[n]", "f8[m]", n=20_000_000, m=5000),
    from_specs(k_means, "f8[n, d]", n=800_000, d=8),
    from_specs(principal_scores, "f8[n, d]", n=300_000, d=50),
    from_specs(masked_anomaly, "f8[n]", n=10_000_000),
    from_specs(drawdown, "f8[n, d]", n=250_000, d=100),
    from_make(gaussian_kernel, _points, n=8000),
    from_make(scale_robustly, _table, n=1_200_000, d=20),
    from_make(to_hsv, _images, h=3000, w=4000),
    from_make(block_means, _image, h=8000, w=6000),
    from_make(cubic_spline, _spline_points, n=2_000_000),
    from_make(group_shares, _sales, n=8_000_000),
    from_make(resample_mean, _seconds, n=12_000_000),
    from_arguments(condensed_to_square, _points, n=7000),
    from_arguments(join_prices, _orders, n=6_000_000),
    from_arguments(smooth_stack, _stack, t=60, h=1000, w=1200),
    from_arguments(upper_codes, _codes, n=6_000_000),
    from_arguments(orthogonal_basis, _table, n=400_000, d=60),
)

"""Ordinary functions of scikit-image, SciPy, scikit-learn and pandas."""

from typing import Any

import numpy as np
from families.case import from_arguments, from_make, from_specs


def equalise(image: Any) -> Any:
    from skimage.exposure import equalize_hist

    return equalize_hist(image)


def sharpen(image: Any) -> Any:
    from skimage.filters import unsharp_mask

    return unsharp_mask(image, radius=2, amount=1.5)


def spectral_density(signal: Any) -> Any:
    from scipy.signal import welch

    return welch(signal, fs=1000.0, nperseg=1024)[1]


def zoom_in(volume: Any) -> Any:
    from scipy.ndimage import zoom

    return zoom(volume, (1, 2, 2), order=1)


def ridge_predictions(x: Any, y: Any) -> Any:
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import MinMaxScaler

    scaled = MinMaxScaler().fit_transform(x)
    return Ridge(alpha=1.0).fit(scaled, y).predict(scaled)


def month_table(frame: Any) -> Any:
    wide = frame.assign(value=frame["value"].rolling(5, min_periods=1).mean())
    return wide.pivot_table(index="station", columns="month", values="value", aggfunc="mean")


def bin_ages(ages: Any) -> Any:
    import pandas as pd

    return pd.cut(ages, [0, 18, 40, 65, 120]).cat.codes.to_numpy()


def _volume(t: int, h: int, w: int) -> Any:
    return np.random.default_rng(21).random((t, h, w))


def _regression(n: int, d: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(22)
    return rng.random((n, d)), rng.random(n)


def _stations(n: int) -> Any:
    import pandas as pd

    rng = np.random.default_rng(23)
    columns = {"station": rng.integers(0, 500, n), "month": rng.integers(0, 12, n), "value": rng.random(n)}
    return pd.DataFrame(columns)


def _ages(n: int) -> Any:
    import pandas as pd

    return pd.Series(np.random.default_rng(24).integers(1, 100, n))


CASES = (
    from_specs(equalise, "f8[h, w]", h=4000, w=5000),
    from_specs(sharpen, "f8[h, w]", h=5000, w=4500),
    from_specs(spectral_density, "f8[n]", n=12_000_000),
    from_make(zoom_in, _volume, t=40, h=600, w=700),
    from_make(ridge_predictions, _regression, n=500_000, d=30),
    from_arguments(month_table, _stations, n=4_000_000),
    from_arguments(bin_ages, _ages, n=5_000_000),
)

"""Functions whose sizes depend on the data: densities, ranks, repetitions, convergence."""

from typing import Any

import numpy as np

from .case import from_arguments, from_make, from_specs


def low_rank(matrix: Any) -> Any:
    u, s, v = np.linalg.svd(matrix, full_matrices=False)
    rank = int((s > 1e-8 * s[0]).sum())
    return u[:, :rank] * s[:rank], v[:rank].copy()


def above_uniform(x: Any) -> Any:
    return np.sqrt(x[x > 0.3])


def above_sorted(x: Any) -> Any:
    return np.sqrt(x[x > 0.5])


def one_group(values: Any, labels: Any) -> Any:
    chosen = values[labels == 3]
    return (chosen - chosen.mean(axis=0)) / chosen.std(axis=0)


def bursts(signal: Any) -> Any:
    loud = np.abs(signal) > 2
    return np.stack([np.flatnonzero(loud), signal[loud]])


def distinct_values(ids: Any) -> Any:
    values, inverse, counts = np.unique(ids, return_inverse=True, return_counts=True)
    return np.outer(values[:200], counts).max(), inverse


def count_ids(ids: Any) -> Any:
    counts = np.bincount(ids)
    return counts / counts.sum()


def one_hot(labels: Any) -> Any:
    hot = np.zeros((len(labels), int(labels.max()) + 1), np.float32)
    hot[np.arange(len(labels)), labels] = 1
    return hot


def power_history(matrix: Any) -> Any:
    history = [np.ones(len(matrix)) / np.sqrt(len(matrix))]
    while len(history) < 2000:
        step = matrix @ history[-1]
        history.append(step / np.linalg.norm(step))
        if np.abs(history[-1] - history[-2]).max() < 1e-9:
            break
    return np.stack(history)


def newton_history(x: Any) -> Any:
    roots = [x.copy()]
    while len(roots) < 60 and np.abs(roots[-1] ** 2 - x).max() > 1e-10 * x.max():
        roots.append((roots[-1] + x / roots[-1]) / 2)
    return roots


def graph_square(graph: Any) -> Any:
    return (graph @ graph).tocsr()


def sparse_from_dense(x: Any) -> Any:
    from scipy import sparse

    return sparse.csr_matrix(np.where(x > 0.8, x, 0))


def positions_above(x: Any) -> Any:
    return np.argwhere(x > 0.25)


def expand_lengths(lengths: Any) -> Any:
    owner = np.repeat(np.arange(len(lengths)), lengths)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def join_duplicates(left: Any, right: Any) -> Any:
    return left.merge(right, on="key")


def dummies(frame: Any) -> Any:
    import pandas as pd

    return pd.get_dummies(frame["city"], dtype=np.uint8)


def repeat_by_index(counts: Any) -> Any:
    return np.repeat(np.arange(len(counts)), counts % 7)


def blob_sizes(image: Any) -> Any:
    from scipy import ndimage

    labels, count = ndimage.label(image > 0.6)
    return ndimage.center_of_mass(image, labels, np.arange(1, min(count, 1000))), np.bincount(labels.ravel())


def close_pairs(points: Any) -> Any:
    from scipy.spatial import cKDTree

    first, second = cKDTree(points).query_pairs(0.01, output_type="ndarray").T
    return np.linalg.norm(points[first] - points[second], axis=1)


def clip_outliers(x: Any) -> Any:
    kept = [x]
    while len(kept) < 30:
        last = kept[-1]
        inside = last[np.abs(last - last.mean()) < 2.5 * last.std()]
        if len(inside) == len(last):
            break
        kept.append(inside)
    return kept


def run_lengths(states: Any) -> Any:
    starts = np.flatnonzero(np.diff(states, prepend=states[0] - 1))
    return np.stack([starts, np.diff(starts, append=len(states)), states[starts]])


def sum_by_pair(frame: Any) -> Any:
    return frame.groupby(["user", "item"], as_index=False)["amount"].sum()


def drop_missing(frame: Any) -> Any:
    return frame.dropna().reset_index(drop=True)


def until_budget(costs: Any) -> Any:
    taken, total = [], 0.0
    for part in np.array_split(costs, 40):
        taken.append(part * 2)
        total += float(part.sum())
        if total > 500_000:
            break
    return np.concatenate(taken)


def signal_peaks(signal: Any) -> Any:
    from scipy.signal import find_peaks

    peaks, found = find_peaks(signal, prominence=0.05)
    return peaks, found["prominences"]


def _low_rank_matrix(n: int, m: int) -> Any:
    rng = np.random.default_rng(0)
    return rng.random((n, 300)) @ rng.random((300, m))


def _sorted(n: int) -> Any:
    return np.sort(np.random.default_rng(1).random(n))


def _grouped(n: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(2)
    return rng.random((n, 12)), np.sort(rng.choice(6, n, p=(0.3, 0.2, 0.1, 0.3, 0.05, 0.05)))


def _signal_with_bursts(n: int) -> Any:
    rng = np.random.default_rng(3)
    signal = rng.normal(0, 0.4, n)
    for start in rng.integers(n // 2, n, 6):
        signal[start : start + n // 20] *= 20
    return signal


def _zipf_ids(n: int) -> Any:
    return np.minimum(np.random.default_rng(4).zipf(1.5, n), 10**9)


def _scattered_ids(n: int) -> Any:
    return np.random.default_rng(5).permutation(60_000_000)[:n]


def _cities(n: int) -> Any:
    return np.minimum(np.random.default_rng(6).zipf(2.2, n), 900)


def _city_frame(n: int) -> Any:
    import pandas as pd

    return pd.DataFrame({"city": np.minimum(_cities(n), 400)})


def _near_identity(n: int) -> Any:
    rng = np.random.default_rng(7)
    matrix = np.diag(1 / (1 + 10 * np.arange(n) / n)) + rng.random((n, n)) * 1e-5
    matrix[0, 0] = 1.05
    return matrix + matrix.T


def _positive(n: int) -> Any:
    return np.random.default_rng(8).pareto(1.0, n) + 0.01


def _random_graph(n: int) -> Any:
    from scipy import sparse

    rng = np.random.default_rng(9)
    rows, columns = rng.integers(0, n, (2, 12 * n))
    return sparse.coo_matrix((np.ones(12 * n), (rows, columns)), shape=(n, n)).tocsr()


def _heavy_lengths(n: int) -> Any:
    return np.minimum(np.random.default_rng(10).pareto(1.3, n) * 4, 100_000).astype(np.int64)


def _duplicated(n: int) -> tuple[Any, ...]:
    import pandas as pd

    rng = np.random.default_rng(11)
    keys = np.minimum(rng.zipf(1.3, (2, n)), n)
    left = pd.DataFrame({"key": keys[0] + 40, "a": rng.random(n)})
    return left, pd.DataFrame({"key": keys[1] * 7, "b": rng.random(n)})


def _clustered_points(n: int) -> Any:
    rng = np.random.default_rng(12)
    return rng.random((20, 2))[rng.integers(0, 20, n)] + rng.normal(0, 0.05, (n, 2))


def _heavy_tails(n: int) -> Any:
    return np.random.default_rng(13).standard_t(2.5, n)


def _states(n: int) -> Any:
    return np.repeat(np.arange(n // 4 + 1), np.random.default_rng(14).integers(1, 9, n // 4 + 1))[:n]


def _visits(n: int) -> Any:
    import pandas as pd

    rng = np.random.default_rng(15)
    columns = {"user": rng.integers(0, 3000, n), "item": rng.integers(0, 700, n), "amount": rng.random(n)}
    return pd.DataFrame(columns)


def _missing_at_end(n: int) -> Any:
    import pandas as pd

    values = np.random.default_rng(16).random((n, 8))
    values[n // 3 :, 2] = np.nan
    return pd.DataFrame(values)


def _modulated(n: int) -> Any:
    noise = np.random.default_rng(17).normal(0, 0.1, n)
    return noise * (np.arange(n) > 0.4 * n) + np.sin(np.arange(n) / 50)


CASES = (
    from_arguments(low_rank, _low_rank_matrix, n=1500, m=1200),
    from_specs(above_uniform, "f8[n]", n=30_000_000),
    from_arguments(above_sorted, _sorted, n=20_000_000),
    from_arguments(one_group, _grouped, n=3_000_000),
    from_arguments(bursts, _signal_with_bursts, n=20_000_000),
    from_arguments(distinct_values, _zipf_ids, n=6_000_000),
    from_arguments(count_ids, _scattered_ids, n=600_000),
    from_make(one_hot, _cities, n=200_000),
    from_make(power_history, _near_identity, n=2000),
    from_make(newton_history, _positive, n=2_000_000),
    from_make(graph_square, _random_graph, n=150_000),
    from_specs(sparse_from_dense, "f8[n, m]", n=6000, m=4000),
    from_specs(positions_above, "f8[n, m]", n=5000, m=6000),
    from_make(expand_lengths, _heavy_lengths, n=2_000_000),
    from_arguments(join_duplicates, _duplicated, n=60_000),
    from_make(dummies, _city_frame, n=1_000_000),
    from_specs(repeat_by_index, "i8[n]", n=8_000_000),
    from_specs(blob_sizes, "f8[h, w]", h=5000, w=4000),
    from_arguments(close_pairs, _clustered_points, n=150_000),
    from_make(clip_outliers, _heavy_tails, n=5_000_000),
    from_arguments(run_lengths, _states, n=30_000_000),
    from_make(sum_by_pair, _visits, n=6_000_000),
    from_arguments(drop_missing, _missing_at_end, n=5_000_000),
    from_specs(until_budget, "f8[n]", n=20_000_000),
    from_arguments(signal_peaks, _modulated, n=10_000_000),
)

"""Forward pass of a small network: products, a bias, a rectifier and a softmax (arrays of 4 to 8 MB)."""

import numpy as np
import numpy.typing as npt
from timing import run_timed


def classify(images: int = 2_000, passes: int = 28) -> float:
    """Push a batch of ``(images, 784)`` through layers of 512, 256 and 10 units."""
    rng = np.random.default_rng(1)
    batch = rng.random((images, 784))
    layers = [(rng.normal(size=shape), rng.normal(size=shape[1])) for shape in ((784, 512), (512, 256), (256, 10))]
    total = 0.0
    for _ in range(passes):
        signal = batch
        for weights, bias in layers:
            signal = np.maximum(signal @ weights + bias, 0.0)
        total += float(soft_maximum(signal / signal.max()).max(axis=1).sum())
    return total


def soft_maximum(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Turn scores ``(n, classes)`` into probabilities, shifted so that no exponential overflows."""
    powers: npt.NDArray[np.float64] = np.exp(scores - scores.max(axis=1, keepdims=True))
    powers /= powers.sum(axis=1, keepdims=True)
    return powers


if __name__ == "__main__":
    run_timed(classify)

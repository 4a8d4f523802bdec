"""Predict programs a hundred times larger than their measured runs, and check them.

Pass names of programs to run only these.

Five are checked by a run, five as a ghost: at the real size with large arrays backed by a small shared window.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import ndmem
from ndmem.planning.arguments.pattern import read_pattern


@dataclass(frozen=True, slots=True)
class Program:
    """A function, its arrays, and its dimensions."""

    function: Callable[..., Any]
    arrays: tuple[str, ...]
    lengths: dict[str, int]
    is_ghost: bool


def standardise(x: Any) -> Any:
    return (x - x.mean(axis=0)) / x.std(axis=0)


def distances(a: Any, b: Any) -> Any:
    return np.sqrt(((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=-1))


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def blur(image: Any) -> Any:
    inner = image[1:-1, 1:-1]
    return (image[:-2, 1:-1] + image[2:, 1:-1] + image[1:-1, :-2] + image[1:-1, 2:] + inner) / 5


def covariance(x: Any) -> Any:
    centred = x - x.mean(axis=0)
    return centred.T @ centred / (len(x) - 1)


def spectrum(x: Any) -> Any:
    return np.abs(np.fft.rfft(x, axis=1)) ** 2


def top(x: Any) -> Any:
    return np.sort(x, axis=0)[-10:].copy()


def outer_sum(a: Any, b: Any) -> Any:
    grid = np.add.outer(a, b)
    return (grid * 2 + 1).sum(axis=0)


def windows(x: Any) -> Any:
    return np.lib.stride_tricks.sliding_window_view(x, 16).std(axis=1)


def one_hot(labels: Any) -> Any:
    made = np.zeros((len(labels), 64), np.float32)
    made[np.arange(len(labels)), labels % 64] = 1
    return made


PROGRAMS = (
    Program(standardise, ("f4[n, d]",), {"n": 4_000_000, "d": 32}, False),
    Program(distances, ("f8[n, 3]", "f8[m, 3]"), {"n": 12_000, "m": 12_000}, False),
    Program(softmax, ("f4[n, k]",), {"n": 400_000, "k": 1000}, False),
    Program(blur, ("f8[h, w]",), {"h": 20_000, "w": 20_001}, False),
    Program(windows, ("f8[n]",), {"n": 10_000_000}, False),
    Program(covariance, ("f8[n, d]",), {"n": 60_000_000, "d": 128}, True),
    Program(spectrum, ("f4[n, k]",), {"n": 3_000_000, "k": 4096}, True),
    Program(top, ("f8[n, 4]",), {"n": 1_600_000_000}, True),
    Program(outer_sum, ("f8[n]", "f8[m]"), {"n": 80_000, "m": 100_000}, True),
    Program(one_hot, ("i8[n]",), {"n": 400_000_000}, True),
)


def real_peak(program: Program) -> int:
    """Run a program at its real size."""
    rng = np.random.default_rng(0)
    arrays = []
    for text in program.arrays:
        spec = read_pattern(text, program.lengths).at(program.lengths)
        arrays.append(rng.random(spec.shape).astype(spec.dtype))
    with ndmem.track(threshold=1) as run:
        kept = program.function(*arrays)
    del kept
    return run.peak


def main() -> None:
    print("| program | arguments | checked by | measured up to | predicted | checked | label | factor | Pss |")
    print("|---|---|---|---|---|---|---|---|---|")
    for program in PROGRAMS:
        if sys.argv[1:] and program.function.__name__ not in sys.argv[1:]:
            continue
        found = ndmem.predict(
            program.function, *program.arrays, dims=ndmem.dims(**program.lengths), native=False, timeout=20
        )
        small = found._forecast.findings.points[-1].peak
        pss = ""
        if program.is_ghost:
            try:
                ghost = found.verify("ghost", timeout=500)
                real, pss = ghost.peak, f"{(ghost.ghost or 0) / 2**20:,.0f} MiB"
            except ndmem.PredictionError as error:
                real, pss = -1, str(error)[:100]
        else:
            real = real_peak(program)
        how = "ghost" if program.is_ghost else "run"
        print(
            f"| {program.function.__name__} | {found.inputs / 2**30:,.1f} GiB | {how} "
            f"| {small:,} | {found.peak:,} | {real:,} | {found.confidence.value} | {found.peak / max(small, 1):,.0f} "
            f"| {pss} |",
            flush=True,
        )


if __name__ == "__main__":
    main()

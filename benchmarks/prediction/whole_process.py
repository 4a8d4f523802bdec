"""Predict by how much a process grows, including arguments and native memory, and compare with its resident memory.

Fifteen programs with LAPACK, Fourier transforms, sorting and pandas. The rise is that of the kernel's high-water mark
(VmHWM) in a process of its own, including arguments, after one call at a small size; untouched pages do not count.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Program:
    """A function with what makes its arguments, and the size to predict."""

    function: Callable[..., Any]
    make: Callable[[int], tuple[Any, ...]]
    n: int


def _matrix(n: int) -> tuple[Any, ...]:
    return (np.random.default_rng(0).random((n, n)),)


def _symmetric(n: int) -> tuple[Any, ...]:
    (a,) = _matrix(n)
    a += a.T.copy()
    return (a,)


def _system(n: int) -> tuple[Any, ...]:
    (a,) = _matrix(n)
    a[np.arange(n), np.arange(n)] += n
    return a, np.ones(n)


def _tall(n: int) -> tuple[Any, ...]:
    return (np.random.default_rng(0).random((n, 40)),)


def _vector(n: int) -> tuple[Any, ...]:
    return (np.random.default_rng(0).random(n),)


def _integers(n: int) -> tuple[Any, ...]:
    return (np.random.default_rng(0).integers(0, 1000, n),)


def _frame(n: int) -> tuple[Any, ...]:
    import pandas as pd

    rng = np.random.default_rng(0)
    return (pd.DataFrame({"key": rng.integers(0, 100, n), "a": rng.random(n), "b": rng.random(n)}),)


def svd(a: Any) -> Any:
    return np.linalg.svd(a)


def eigh(a: Any) -> Any:
    return np.linalg.eigh(a)


def solve(a: Any, b: Any) -> Any:
    return np.linalg.solve(a, b)


def inverse(a: Any) -> Any:
    return np.linalg.inv(a)


def qr(a: Any) -> Any:
    return np.linalg.qr(a)


def least_squares(a: Any) -> Any:
    return np.linalg.lstsq(a, a[:, 0], rcond=None)


def fft(x: Any) -> Any:
    return np.fft.fft(x)


def rfft(x: Any) -> Any:
    return np.fft.rfft(x)


def fft2(a: Any) -> Any:
    return np.fft.fft2(a)


def sort_stable(x: Any) -> Any:
    return np.sort(x, kind="stable")


def argsort_stable(x: Any) -> Any:
    return np.argsort(x, kind="stable")


def sort_integers(x: Any) -> Any:
    return np.sort(x, kind="stable")


def groupby(frame: Any) -> Any:
    return frame.groupby("key").mean()


def sort_frame(frame: Any) -> Any:
    return frame.sort_values("a")


def merge(frame: Any) -> Any:
    return frame.merge(frame.groupby("key").mean().reset_index(), on="key")


PROGRAMS = {
    "svd": Program(svd, _matrix, 2200),
    "eigh": Program(eigh, _symmetric, 2500),
    "solve": Program(solve, _system, 6000),
    "inverse": Program(inverse, _matrix, 5000),
    "qr": Program(qr, _tall, 1_500_000),
    "least_squares": Program(least_squares, _tall, 1_500_000),
    "fft": Program(fft, _vector, 2**23),
    "rfft": Program(rfft, _vector, 30_000_000),
    "fft2": Program(fft2, _matrix, 4096),
    "sort_stable": Program(sort_stable, _vector, 40_000_000),
    "argsort_stable": Program(argsort_stable, _vector, 20_000_000),
    "sort_integers": Program(sort_integers, _integers, 40_000_000),
    "groupby": Program(groupby, _frame, 20_000_000),
    "sort_frame": Program(sort_frame, _frame, 10_000_000),
    "merge": Program(merge, _frame, 8_000_000),
}


def _resident(field: str) -> int:
    found = re.search(rf"^{field}:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def run(program: Program) -> dict[str, Any]:
    """Run a program and return what its process grew by."""
    program.function(*program.make(400))
    before = _resident("VmRSS")
    arguments = program.make(program.n)
    # A data frame is made of copies: what making the arguments had at its highest is not the function's.
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    kept = program.function(*arguments)
    del kept
    return {"rise": _resident("VmHWM") - before}


def predict(program: Program) -> dict[str, Any]:
    """Predict it."""
    import ndmem

    found = ndmem.predict(program.function, make=program.make, dims=ndmem.dims(n=program.n))
    return {
        "total": found.total,
        "arrays": found.peak,
        "inputs": found.inputs,
        "native": found.native,
        "why": found.native_reason,
        "label": found.confidence.value,
    }


def main() -> None:
    if len(sys.argv) == 3:
        sys.path.insert(0, str(HERE))
        import whole_process  # the functions must be those of a module, for another interpreter to find them

        program = whole_process.PROGRAMS[sys.argv[2]]
        print(json.dumps({"run": run, "predict": predict}[sys.argv[1]](program)))
        return
    print("| program | rise of RSS | predicted | off | arguments | arrays | native |\n|---|---|---|---|---|---|---|")
    near = 0
    for name in PROGRAMS:
        both: dict[str, Any] = {}
        for what in ("run", "predict"):
            done = subprocess.run(
                [sys.executable, __file__, what, name], capture_output=True, text=True, check=False, timeout=200
            )
            both |= json.loads((done.stdout.splitlines() or ["{}"])[-1])
        if "rise" not in both or "total" not in both:
            print(f"| {name} | {both} |")
            continue
        off = both["total"] / both["rise"] - 1
        near += abs(off) <= 0.05
        mib = {key: round((both[key] or 0) / 2**20) for key in ("rise", "total", "inputs", "arrays", "native")}
        print(
            f"| {name} | {mib['rise']:,} | {mib['total']:,} | {off:+.1%} | {mib['inputs']:,} | {mib['arrays']:,} | "
            f"{mib['native'] if both['native'] is not None else both['why']} |",
            flush=True,
        )
    print(f"\n{near} of {len(PROGRAMS)} within 5 %")


if __name__ == "__main__":
    main()

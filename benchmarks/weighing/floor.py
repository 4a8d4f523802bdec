"""How long it takes at least to look at every object, beside dask's sizeof, which looks at ten of a list."""

import importlib.util
import statistics
import subprocess
import sysconfig
import tempfile
from pathlib import Path

import numpy as np
from speed import CASES, ROUNDS, seconds, sizeof, weigh


def built():
    """Compile floor.c for this Python and import it."""
    folder = tempfile.mkdtemp()
    library = Path(folder) / "floor.so"
    includes = [f"-I{sysconfig.get_paths()['include']}", f"-I{np.get_include()}"]
    source = Path(__file__).with_name("floor.c")
    subprocess.run(["cc", "-O3", "-shared", "-fPIC", *includes, source, "-o", library], check=True)
    spec = importlib.util.spec_from_file_location("floor", library)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    touch = built().touch
    print("| what | each head once, µs | shapes too, µs | 3 dask, µs | ndmem, µs | ndmem / dask |")
    print("|---|--:|--:|--:|--:|--:|")
    asked = [lambda thing: touch(thing, False), lambda thing: touch(thing, True), sizeof, weigh]
    for what in list(CASES)[:2]:
        rounds = [[seconds(each, CASES[what], 9) * 1e6 for each in asked] for _ in range(ROUNDS)]
        heads, shapes, dask, ours = map(statistics.median, zip(*rounds, strict=True))
        print(f"| {what} | {heads:,.1f} | {shapes:,.1f} | {3 * dask:,.1f} | {ours:,.1f} | {ours / dask:.1f} |")

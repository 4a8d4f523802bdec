"""Weigh one case in this process, delete it, and print what was freed: run as a script with the case's name."""

import gc
import importlib
import json
import re
import sys
import tracemalloc
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from cases import CASES, HEAD

from ndmem.weighing import weigh


def address_space() -> int:
    """Bytes of address space of this process."""
    match = re.search(r"VmSize:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(match[1]) * 1024


def arrow_pool() -> int:
    """Bytes in Arrow's pool."""
    return importlib.import_module("pyarrow").total_allocated_bytes()


def main(name: str) -> None:
    """Print what weigh says and what deleting frees, in bytes."""
    case = CASES[name]
    read = {
        "traced": lambda: tracemalloc.get_traced_memory()[0],
        "space": address_space,
        "arrow": arrow_pool,
    }[case.meter]
    if case.needs != "numpy":
        importlib.import_module(case.needs.split(">")[0])
    # Once before tracing, so that caches of the libraries are filled and imports are done.
    for _ in range(2):
        names: dict[str, object] = {}
        exec(compile(HEAD + case.program, "case", "exec"), names)
        weigh(names["x"])
        names.clear()
        gc.collect()
        tracemalloc.start()
    weight = None
    exec(compile(HEAD + case.program, "case", "exec"), names)
    gc.collect()
    weight = weigh(names["x"])
    parts = weight.python, weight.unsure if hasattr(weight, "unsure") else weight.numbers.unsure
    said = {
        "owned": weight.owned,
        "reachable": weight.reachable,
        "mapped": weight.mapped,
        "logical": weight.logical,
        "resident": weight.resident,
        "python": parts[0],
        "unsure": parts[1],
    }
    weight = None
    gc.collect()
    before = read()
    del names["x"]
    gc.collect()
    owned = before - read()
    for also in case.also:
        del names[also]
    gc.collect()
    said["freed"], said["freed_all"] = owned, before - read()
    print(json.dumps(said))


if __name__ == "__main__":
    np.ones(1)
    main(sys.argv[1])

"""Weigh one case in this process, delete it, and print what was freed: a script, given the case's name."""

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


def traced() -> int:
    """Bytes of Python's and NumPy's blocks, and of Arrow's pool if it is there."""
    arrow = sys.modules.get("pyarrow")
    return tracemalloc.get_traced_memory()[0] + (arrow.total_allocated_bytes() if arrow else 0)


def main(name: str) -> None:
    """Print what weigh says and what deleting frees, in bytes."""
    case = CASES[name]
    read = address_space if case.meter == "space" else traced
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
    said = {
        "owned": weight.owned,
        "reachable": weight.reachable,
        "mapped": weight.mapped,
        "logical": weight.logical,
        "resident": weight.resident,
        "python": weight.python,
        "unsure": weight.numbers.unsure,
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

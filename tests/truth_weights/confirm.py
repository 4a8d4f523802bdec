"""Weigh one case in this process, delete it, and print what was freed: a script, given the case's name."""

import ctypes
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
from library_cases import LIBRARY_CASES

from ndmem.weighing import weigh


def address_space() -> int:
    """Bytes of address space of this process."""
    match = re.search(r"VmSize:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(match[1]) * 1024


def traced() -> int:
    """Bytes of Python's and NumPy's blocks, and of Arrow's pool if it is there."""
    arrow = sys.modules.get("pyarrow")
    return tracemalloc.get_traced_memory()[0] + (arrow.total_allocated_bytes() if arrow else 0)


class Malloc(ctypes.Structure):
    """struct mallinfo2 of glibc: bytes in blocks of the heaps and in mapped blocks."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in [
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        ]
    )


def heap() -> int:
    """Bytes of malloc's blocks, which are all of Python's too if PYTHONMALLOC is malloc; and of Arrow's pool."""
    ask = ctypes.CDLL(None).mallinfo2
    ask.restype = Malloc
    found = ask()
    arrow = sys.modules.get("pyarrow")
    return found.uordblks + found.hblkhd + (arrow.total_allocated_bytes() if arrow else 0)


def resident() -> int:
    """Bytes of this process in RAM, for libraries with an allocator of their own."""
    match = re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(match[1]) * 1024


def main(name: str) -> None:
    """Print what weigh says and what deleting frees, in bytes."""
    case = (CASES | LIBRARY_CASES)[name]
    read = {"space": address_space, "traced": traced, "heap": heap, "resident": resident}[case.meter]
    if case.needs != "numpy":
        importlib.import_module(case.needs.split(">")[0])
    # Once before tracing, so that caches of the libraries are filled and imports are done.
    for _ in range(2):
        names: dict[str, object] = {}
        exec(compile(HEAD + case.program, "case", "exec"), names)
        weigh(names["x"])
        names.clear()
        gc.collect()
        if case.meter == "traced":
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
        "unseen": weight.numbers.unseen,
        "notes": weight.notes,
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

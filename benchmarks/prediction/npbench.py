"""Load NPBench's NumPy kernels, with the functions that make their arguments."""

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any


@dataclass(frozen=True, slots=True)
class Kernel:
    """One kernel at one of NPBench's sizes.

    Attributes
    ----------
    name : str
        NPBench's short name.
    function : callable
        The kernel.
    lengths : dict of str to int
        The integers of the size, which are its dimensions.
    make : callable
        Makes the kernel's arguments for other integers.
    """

    name: str
    function: Callable[..., Any]
    lengths: dict[str, int]
    make: Callable[..., tuple[Any, ...]]


def load_kernel(folder: Path, about: dict[str, Any], size: str) -> Kernel:
    """Load a kernel from a copy of NPBench."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    place = folder / "npbench/benchmarks" / about["relative_path"]
    function = getattr(_load(place / f"{about['module_name']}_numpy.py"), about["func_name"])
    start = about.get("init")
    initialize = getattr(_load(place / f"{about['module_name']}.py"), start["func_name"]) if start else None
    numbers = about["parameters"][size]
    fixed = {name: value for name, value in numbers.items() if not isinstance(value, int)}

    def make(**lengths: int) -> tuple[Any, ...]:
        known: dict[str, Any] = {**fixed, **lengths}
        if initialize is not None and start is not None:
            made = initialize(*(known[name] for name in start["input_args"]))
            names = start["output_args"]
            known.update(zip(names, made if len(names) > 1 else (made,), strict=True))
        return tuple(known[name] for name in about["input_args"])

    lengths = {name: value for name, value in numbers.items() if isinstance(value, int)}
    return Kernel(about["short_name"], function, lengths, make)


def _load(path: Path) -> ModuleType:
    name = f"npbench_{path.stem}"
    found = importlib.util.spec_from_file_location(name, path)
    if found is None or found.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module
    found.loader.exec_module(module)
    return module

"""Say on what a measurement was made: without it a figure means nothing."""

import contextlib
import importlib.metadata
import os
import platform
from collections.abc import Iterable
from pathlib import Path


def describe_machine(packages: Iterable[str]) -> dict[str, object]:
    """Describe processor, system and versions; the name of the machine is not among them.

    Parameters
    ----------
    packages : iterable of str
        Distributions whose versions matter; ``None`` for one that is not installed.

    Returns
    -------
    dict
        Ready for JSON.
    """
    return {
        "processor": _name_processor(),
        "processors": os.cpu_count(),
        "memory_nbytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "libc": " ".join(platform.libc_ver()),
        "load_at_start": os.getloadavg()[0],
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": {package: _find_version(package) for package in packages},
    }


def _name_processor() -> str | None:
    # platform.processor() is empty on many Linux systems.
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", maxsplit=1)[1].strip()
    return platform.processor() or None


def _find_version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None

"""Hold a million arrays of three elements, then say how much memory the process has."""

from pathlib import Path

import numpy as np


def read_resident() -> dict[str, int]:
    """Read this process's resident bytes, in all and of anonymous memory (Linux)."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    fields = dict(line.split(":", maxsplit=1) for line in lines)
    return {name: int(fields[name].split()[0]) * 1024 for name in ("VmRSS", "RssAnon")}


if __name__ == "__main__":
    points = [np.zeros(3) for _ in range(1_000_000)]
    resident = read_resident()
    print(f"live arrays={len(points)} rss={resident['VmRSS']} anonymous={resident['RssAnon']}", flush=True)

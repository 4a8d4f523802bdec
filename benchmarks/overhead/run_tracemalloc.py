"""Run a script under tracemalloc, one frame a block, and print the ten lines that hold most."""

import runpy
import sys
import tracemalloc
from pathlib import Path

if __name__ == "__main__":
    sys.argv = sys.argv[1:]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    tracemalloc.start(1)
    variables = runpy.run_path(sys.argv[0], run_name="__main__")
    for statistic in tracemalloc.take_snapshot().statistics("lineno")[:10]:
        print(statistic)

"""Instructions that a birth and a death of one array cost, counted by valgrind: the same on every machine.

``python benchmarks/overhead/instructions.py [--sizes 3 2500]``

Each program adds two arrays in a loop, so each turn has one birth and one death. It runs with a short and with a long
loop, plain and under ``ndmem run``; what tracking adds to the difference is the cost of the added turns alone.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

_LOOP: Final = """
import sys
import numpy as np
elements, additions = int(sys.argv[1]), int(sys.argv[2])
def add(elements, additions):
    left, right = np.ones(elements), np.full(elements, 2.0)
    for _ in range(additions):
        result = left + right
    return float(result.sum())
print(add(elements, additions))
"""
_SHORT: Final = 2_000
_LONG: Final = 12_000
_TOTAL: Final = re.compile(r"^(?:totals|summary): (\d+)", re.MULTILINE)
# Nothing may differ between two runs but the loop: hashes, threads of OpenBLAS, addresses of the heap.
_SURROUNDINGS: Final = {"OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}


def count_instructions(elements: int, additions: int, *, tracked: bool) -> int:
    """Run the loop under callgrind and return the instructions of the process that added.

    Parameters
    ----------
    elements : int
        Length of the arrays, of float64.
    additions : int
        Turns of the loop.
    tracked : bool
        Under ``ndmem run``, whose own process is not counted.

    Raises
    ------
    subprocess.CalledProcessError
        The program failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "add.py")
        program.write_text(_LOOP)
        prefix = [sys.executable, *(["-m", "ndmem", "run", "-q", "-o", f"{folder}/add.ndmem"] if tracked else [])]
        subprocess.run(
            [
                "valgrind",
                "--tool=callgrind",
                "--trace-children=yes",
                f"--callgrind-out-file={folder}/count.%p",
                *prefix,
                str(program),
                str(elements),
                str(additions),
            ],
            check=True,
            capture_output=True,
            cwd=folder,
            env={**os.environ, **_SURROUNDINGS},
        )
        texts = [path.read_text(errors="replace") for path in Path(folder).glob("count.*")]
    counts = [int(total[1]) for text in texts if (total := _TOTAL.search(text)) and _is_of_program(text)]
    if len(counts) != 1:
        sys.exit(f"{len(texts)} processes were counted, {len(counts)} of them as the program")
    return counts[0]


def _is_of_program(text: str) -> bool:
    """Whether a count is of the process that ran the loop, and not of the one that started it."""
    command = next(line for line in text.splitlines() if line.startswith("cmd:"))
    return "add.py" in command and " run " not in command


def measure(elements: int) -> tuple[float, float]:
    """Instructions of one addition in the plain program, and what tracking adds to it."""
    plain, tracked = (
        count_instructions(elements, _LONG, tracked=how) - count_instructions(elements, _SHORT, tracked=how)
        for how in (False, True)
    )
    return plain / (_LONG - _SHORT), (tracked - plain) / (_LONG - _SHORT)


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[3, 2_500], help="elements of the added arrays")
    for elements in parser.parse_args().sizes:
        plain, added = measure(elements)
        print(f"{8 * elements:>7,} B  plain {plain:7,.0f}  a birth and a death add {added:6,.1f}", flush=True)


if __name__ == "__main__":
    main()

"""What `weigh` says of objects of other libraries, beside what deleting them frees: a table of all cases.

They need Linux with glibc, and in an environment with ndmem, on Python 3.11 or later:

    pip install torch jax polars awkward pillow shapely scikit-learn scipy h5py numba pyarrow

    python benchmarks/weighing/libraries.py [BEGINNING OF A NAME ...]

The exit status is 1 if a weight is neither within 2 % nor within the bounds that it names.
"""

import importlib.util
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "truth_weights"))
from judge import confirm, judge  # after the folder is known
from library_cases import LIBRARY_CASES


def main(wanted):
    """Print the table; return the number of wrong weights."""
    wrong = 0
    print("| case | freed | owned, least | owned | freed with its holders | reachable | | notes |")
    print("|---|--:|--:|--:|--:|--:|---|---|")
    for name, case in LIBRARY_CASES.items():
        if wanted and not any(name.startswith(each) for each in wanted):
            continue
        if importlib.util.find_spec(case.needs.partition(".")[0]) is None:
            print(f"| {name} | | | | | | skipped: needs {case.needs} | |")
            continue
        said = confirm(name, case)
        verdict = judge(said)
        wrong += verdict == "WRONG"
        least = said["owned"] - said["unsure"]
        numbers = (said["freed"], least, said["owned"], said["freed_all"], said["reachable"])
        print(
            f"| {name} | {' | '.join(f'{each:,}' for each in numbers)} | {verdict} | {'; '.join(said['notes'])} |",
            flush=True,
        )
    return wrong


if __name__ == "__main__":
    raise SystemExit(1 if main(sys.argv[1:]) else 0)

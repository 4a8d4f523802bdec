"""Damage journals and traces at random for some minutes; everything but a TraceError or whole reports is a failure.

``python benchmarks/accuracy/fuzz.py --minutes 5 FILE...``: the files are journals or traces to begin from. The address
space is limited, so that a length that is believed shows itself; so is the time for a file. A file that fails is kept.
"""

import argparse
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.tracking.damage import damage, look_through

_ADDRESS_SPACE = 2 << 30
_LONGEST_S = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Damage and read until the time is over; the status is 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    whole = [path.read_bytes() for path in options.files]
    outcomes: Counter[str] = Counter()
    end, seed, slowest = time.monotonic() + 60 * options.minutes, options.seed, 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "damaged.ndmem"
        while time.monotonic() < end:
            path.write_bytes(damage(whole[seed % len(whole)], random.Random(seed)))
            start = time.monotonic()
            outcome = _try(path)
            slowest = max(slowest, time.monotonic() - start)
            if outcome not in {"read", "refused"} and outcomes[outcome] < 3:
                kept = Path(f"fuzz-{seed}.ndmem")
                kept.write_bytes(path.read_bytes())
                print(f"{kept}: {outcome}", flush=True)
            outcomes[outcome] += 1
            seed += 1
    print(f"{seed - options.seed} files, the slowest {slowest:.2f} s: {dict(outcomes)}")
    return 0 if outcomes.keys() <= {"read", "refused"} else 1


def _try(path: Path) -> str:
    """Read one file and say what came of it."""
    signal.alarm(_LONGEST_S)
    try:
        return "read" if look_through(path) else "refused"
    except Exception as error:
        traceback.print_exc()
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
    finally:
        signal.alarm(0)


if __name__ == "__main__":
    sys.exit(main())

"""Damage journals, traces and files of arrays at random; everything but a refusal or whole reports is a failure.

``python benchmarks/accuracy/fuzz.py --minutes 5 [FILE...]``: the files are journals, traces, ``.npy`` or ``.npz`` to
begin from; without any, one of each is made. The address space is limited, so that a length that is believed shows
itself; so is the time for a file. A file that fails is kept.
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

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.tracking.journal.damage import damage, look_through

import ndmem
from ndmem import _native
from ndmem.errors import WeighError
from ndmem.weighing.stored import stored_arrays

_ADDRESS_SPACE = 2 << 30
_LONGEST_S = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Damage and read until the time is over; the status is 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--any-address-space", action="store_true", help="for sanitizers, which reserve terabytes")
    options = parser.parse_args(arguments)
    if not options.any_address_space:
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    whole = [(path.suffix, path.read_bytes()) for path in options.files] or _make_files()
    outcomes: Counter[str] = Counter()
    end, seed, slowest = time.monotonic() + 60 * options.minutes, options.seed, 0.0
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            suffix, data = whole[seed % len(whole)]
            path = Path(folder) / f"damaged{suffix}"
            path.write_bytes(damage(data, random.Random(seed)))
            start = time.monotonic()
            outcome = _try(path)
            slowest = max(slowest, time.monotonic() - start)
            if outcome not in {"read", "refused"} and outcomes[outcome] < 3:
                kept = Path(f"fuzz-{seed}{suffix}")
                kept.write_bytes(path.read_bytes())
                print(f"{kept}: {outcome}", flush=True)
            outcomes[outcome] += 1
            seed += 1
    print(f"{seed - options.seed} files, the slowest {slowest:.2f} s: {dict(outcomes)}")
    return 0 if outcomes.keys() <= {"read", "refused"} else 1


def _make_files() -> list[tuple[str, bytes]]:
    """Return a journal as a kill leaves it, a trace, and files of arrays, each with its suffix."""
    with tempfile.TemporaryDirectory() as folder:
        journal, trace, array, arrays = (Path(folder) / name for name in ("j.ndmem", "t.ndmem", "a.npy", "a.npz"))
        with journal.open("x+b") as file:
            recording = _native.Recording(1, file.fileno())
            recording.write_meta(b'{"program": ["prog.py"]}')
            recording.start()
            held = [np.zeros(n) for n in range(0, 3000, 7)]
            del held[::2]
            _native.sight_holders()
            recording.stop()
            with ndmem.track() as run:
                held = [np.zeros(n) for n in range(0, 3000, 7)]
            run.save(trace)
        np.save(array, np.zeros((30, 4), [("x", "f8"), ("name", "U7")]))
        np.savez(arrays, a=np.ones(100), b=held[3])
        return [(path.suffix, path.read_bytes()) for path in (journal, trace, array, arrays)]


def _look_through(path: Path) -> bool:
    if path.suffix == ".ndmem":
        return look_through(path)
    try:
        stored_arrays(path)
    except WeighError:
        return False
    return True


def _try(path: Path) -> str:
    """Read one file and say what came of it."""
    signal.alarm(_LONGEST_S)
    try:
        return "read" if _look_through(path) else "refused"
    except Exception as error:
        traceback.print_exc()
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
    finally:
        signal.alarm(0)


if __name__ == "__main__":
    sys.exit(main())

"""Attach to programs under load, again and again: crashes, results, what is listed, what is left, and speed afterwards.

Run with the Python of an environment that has ndmem: ``python benchmarks/attach/under_load.py --times 50``.
"""

import argparse
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import ndmem

NDMEM = str(Path(sysconfig.get_path("scripts")) / "ndmem")
PROGRAM = str(Path(__file__).with_name("programs.py"))
KINDS = ("threads", "asyncio", "pool", "processes", "C calls")


@dataclass(frozen=True, slots=True)
class Attach:
    """One attach: times, shares of bytes that were listed and held, speed afterwards, and what went wrong.

    ``seconds`` is from the start of the command to its first answer, ``safe_s`` from the safe point to it.
    """

    seconds: float
    safe_s: float
    listed: float
    held: float
    held_up_s: float
    speed: float
    faults: str


def _after_safe_point() -> float:
    """Return the time from the moment at which the program took the script to its answer, by their renamings."""
    folders = Path(tempfile.gettempdir()).glob("ndmem-attach-*/begin.answered")
    found = [each.stat().st_ctime - each.with_name("begin.taken").stat().st_ctime for each in folders]
    return found[-1] if found else 0.0


def attach_once(kind: str, folder: Path, seconds: float, expected: str) -> Attach:
    """Run a program and attach to it for a third of its time."""
    words = [sys.executable, PROGRAM, kind, str(seconds)]
    file = folder / "t.ndmem"
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as it:
        assert it.stdin is not None
        assert it.stdout is not None
        assert it.stderr is not None
        given = int(it.stdout.readline().split()[1])
        time.sleep(0.3)
        begin = time.monotonic()
        options = ["--for", f"{seconds / 3:.1f}s", "-f", "-o", str(file)]
        with subprocess.Popen([sys.executable, NDMEM, "attach", *options, str(it.pid)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as command:  # fmt: skip
            assert command.stderr is not None
            first = command.stderr.readline()
            answered, safe = time.monotonic() - begin, _after_safe_point()
            command.communicate()
        result = it.stdout.readline().split()[-1]
        it.stdin.write("\n")
        it.stdin.flush()
        speed, changed = it.stdout.readline().split()[-1], it.stdout.readline().partition(" ")[2].strip()
        faults = [it.stderr.read(), "" if changed == "[]" else f"changed {changed}"]
        faults += ["" if result == expected else f"result {result}, not {expected}"]
        it.wait()
    faults += ["" if it.returncode == 0 else f"status {it.returncode}"]
    if command.returncode or "recording" not in first:
        faults.append(first)
        return Attach(answered, safe, 0, 0, 0, float(speed), "; ".join(filter(None, faults)))
    before = ndmem.load(file).trace.before
    assert before is not None
    listed = sum(each.nbytes for each in before.arrays)
    held = sum(each.nbytes for each in before.arrays if each.holder.startswith("MODEL."))
    return Attach(
        answered,
        safe,
        min(listed / given, 1.0),
        held / given,
        before.seconds,
        float(speed),
        "; ".join(filter(None, faults)),
    )


def main() -> None:
    """Attach to each kind of program in turn, and print a line for each, then a summary."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=6.0)
    options = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # OpenBLAS ends its threads at a fork
    results = {}
    for kind in KINDS:
        plain = subprocess.run(
            [sys.executable, PROGRAM, kind, "0.1"], input="\n", capture_output=True, text=True, check=True
        )
        results[kind] = plain.stdout.splitlines()[1].split()[-1]
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.times):
            kind = KINDS[number % len(KINDS)]
            each = attach_once(kind, Path(folder), options.seconds, results[kind])
            found.append(each)
            print(
                f"{number + 1:3} {kind:9} after {each.seconds:5.2f} s, {each.safe_s:.2f} s from the safe point, "
                f"listed {each.listed:.1%}, held {each.held:.1%}; speed {each.speed:.3f} {each.faults}",
                flush=True,
            )
    good = sum(not each.faults for each in found)
    print(f"{good} of {len(found)} without a fault; Python {sys.version.split()[0]}")
    print(f"seconds from the safe point to the first answer: {_spread([each.safe_s for each in found])}")
    print(f"seconds from the command to the first answer: {_spread([each.seconds for each in found])}")
    print(f"seconds that the program was held up: {_spread([each.held_up_s for each in found])}")
    print(f"share listed: {_spread([each.listed for each in found])}; held: {_spread([each.held for each in found])}")
    print(f"speed after, of that before: {_spread([each.speed for each in found])}")


def _spread(values: list[float]) -> str:
    return f"median {statistics.median(values):.3f}, {min(values):.3f} to {max(values):.3f}"


if __name__ == "__main__":
    main()

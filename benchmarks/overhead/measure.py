"""Measure what ndmem, and the profilers installed beside it, cost the programs they watch.

Run it with the Python whose packages are to be measured: ``python benchmarks/overhead/measure.py``.
Method and results: ``benchmarks/README.md``.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bars import Bar, hold_bars
from interleave import Measurement, measure_kernels
from kernel_list import KERNELS
from machine import describe_machine
from profilers import CONTROL, NDMEM, PLAIN, PROFILERS
from scale import LargeTrace, LiveArrays, measure_large_trace, measure_live_arrays
from tables import QUANTITIES, write_tables

METHOD: Final = (
    "Each run is a process of its own; for each kernel and round the profilers take turns, in an order that is "
    "random and the same each time, each after a rest, all after one run that is not counted. Ratios are of "
    "medians over the rounds. 'Inside' is timed by the kernel itself, after NumPy's import; 'whole' is the "
    "process and, where it is apart, the step that prints the report. One BLAS thread, fixed hash seed, no "
    "PYTHON* variables. 'control' is a second plain run: its ratio is the noise."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables, write the JSON file; the status is 0 also where a promise does not hold."""
    options = _parse(arguments)
    chosen = [each for each in PROFILERS if each.name in {PLAIN.name, *options.profilers}]
    kernels = [each for each in KERNELS if each.name in options.kernels]
    machine = describe_machine(["numpy", *(each.package for each in PROFILERS if each.package)])
    measured = measure_kernels(
        kernels, chosen, rounds=options.rounds, limit_s=options.limit, rest_s=options.rest, say=_say
    )
    live: list[LiveArrays] = []
    trace = LargeTrace(problem="not measured: left out")
    if not options.no_scale:
        # memory_profiler reads the resident set from outside and keeps nothing for an array.
        holding = [each for each in chosen if each.name not in (CONTROL.name, "memory_profiler")]
        live = measure_live_arrays(holding, rounds=min(options.rounds, 3), limit_s=options.limit, say=_say)
        if NDMEM in chosen:
            trace = measure_large_trace(limit_s=10 * options.limit, say=_say)
    bars = hold_bars(measured, live, trace)
    print(write_tables(measured, live, trace, bars))
    machine["load_at_end"] = os.getloadavg()[0]
    report = _collect(machine, options.rounds, options.rest, measured, live, trace, bars)
    options.output.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    _say(f"written: {options.output}")
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the cost of memory profilers, interleaved.")
    parser.add_argument("-o", "--output", type=Path, default=Path("overhead.json"), help="JSON file to write")
    parser.add_argument("--rounds", type=_count, default=7, help="runs of each program (default 7)")
    parser.add_argument("--limit", type=_count, default=60, help="seconds after which a run is given up")
    parser.add_argument("--rest", type=_seconds, default=2.5, help="seconds of rest before each run (default 2.5)")
    names = [each.name for each in KERNELS]
    parser.add_argument("--kernels", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    names = [each.name for each in PROFILERS]
    parser.add_argument("--profilers", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--no-scale", action="store_true", help="leave out live arrays and the large trace")
    options = parser.parse_args(arguments)
    if not options.output.parent.is_dir():
        parser.error(f"{options.output.parent} is not a folder; the results could not be written")
    return options


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 60:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 0 to 60")
    return seconds


def _collect(
    machine: dict[str, object],
    rounds: int,
    rest_s: float,
    measured: Sequence[Measurement],
    live: Sequence[LiveArrays],
    trace: LargeTrace,
    bars: Sequence[Bar],
) -> dict[str, object]:
    """Put all that was seen, every sample of it, into one object for JSON."""
    return {
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "method": METHOD,
        "rounds": rounds,
        "rest_s": rest_s,
        "kernels": [
            {
                "kernel": pair.kernel.name,
                "group": pair.kernel.group.value,
                "profiler": pair.profiler.name,
                "problem": pair.problem,
                "medians_s": {title: pair.median(quantity) for title, quantity in QUANTITIES.items()},
                "samples": [asdict(sample) for sample in pair.samples],
            }
            for pair in measured
        ],
        "live_arrays": [
            {
                "profiler": each.profiler.name,
                "problem": each.problem,
                "rss_nbytes": each.rss_nbytes,
                "anonymous_nbytes": each.anonymous_nbytes,
            }
            for each in live
        ],
        "large_trace": asdict(trace),
        "promises": [{**asdict(bar), "verdict": bar.verdict} for bar in bars],
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

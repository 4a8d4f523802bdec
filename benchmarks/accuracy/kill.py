"""Kill a tracked program at random moments and compare each journal with the program's own log.

``python benchmarks/accuracy/kill.py``: prints a line for each kill and a summary; the status is 1 if a journal did not
read or was not exact. The method is in ``tests/system/ending/killing.py``.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.system.ending.killing import Killed, kill_at_random

from ndmem.errors import NdmemError


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill so many times, every other time with the launcher, and say what was left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    killed = []
    for number in range(options.kills):
        with tempfile.TemporaryDirectory() as folder:
            try:
                killed.append(kill_at_random(Path(folder), options.seed + number, with_launcher=number % 2 == 1))
                print(_describe(number, killed[-1]), flush=True)
            except NdmemError as error:
                print(f"{number:>4}  does not read: {error}", flush=True)
    exact = sum(each.is_exact for each in killed)
    print(
        f"{options.kills} kills: {len(killed)} readable, {exact} exact up to the last event; "
        f"{sum(each.begun > each.done for each in killed)} struck inside a birth or death, "
        f"{sum(each.events > each.done for each in killed)} of these already had the event; "
        f"{min(each.events for each in killed):,} to {max(each.events for each in killed):,} events"
    )
    return 0 if exact == options.kills else 1


def _describe(number: int, killed: Killed) -> str:
    verdict = "exact" if killed.is_exact else "WRONG"
    return (
        f"{number:>4}  {verdict}  {killed.events:>9,} events  {killed.last_nbytes:>13,} bytes live "
        f"in {killed.found.total():>2} arrays  {killed.ended}"
    )


if __name__ == "__main__":
    sys.exit(main())

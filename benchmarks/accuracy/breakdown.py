"""How much of RSS `ndmem.breakdown` explains, in programs whose memory is of known kinds: a table."""

import json
import platform
import subprocess
import sys
from typing import Any

from scenarios import ASKED, SCENARIOS

COLUMNS = ("rss", "arrays", "heap", "freed", "python_used", "python_free", "libraries", "mapped", "stacks")


def break_down(code: str, *, trim: bool = False) -> dict[str, Any]:
    """Run a program in a fresh interpreter and return its breakdown as JSON has it."""
    program = ASKED.replace("SCENARIO", code).replace("TRIM", str(trim))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    print(f"MiB; Python {platform.python_version()}, Linux {platform.release()}, {' '.join(platform.libc_ver())}\n")
    print(f"| scenario | {' | '.join(COLUMNS)} | unexplained | of RSS |")
    print(f"|---|{'---:|' * (len(COLUMNS) + 2)}")
    for name, code in SCENARIOS.items():
        found = break_down(code)
        cells = [_mebibytes(found[f"{column}_nbytes"]) for column in (*COLUMNS, "unexplained")]
        print(f"| {name} | {' | '.join(cells)} | {found['unexplained_nbytes'] / found['rss_nbytes']:.1%} |")


def _mebibytes(nbytes: int | None) -> str:
    return "?" if nbytes is None else f"{nbytes / 2**20:.1f}"


if __name__ == "__main__":
    main()

"""Arrow's memory: seen block by block where libarrow lets its allocator be stood in front of."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.system.running import Place, write_program

import ndmem
from ndmem.model.trace import Domain, Kind, Trace

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="libarrow is stood in front of on Linux only"),
    pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="pyarrow is not installed"),
]

_PROGRAM = """
import threading
import numpy as np, pyarrow as pa, pyarrow.compute as pc
if pa.default_memory_pool().backend_name != "mimalloc" or int(pa.__version__.split(".")[0]) < 25:
    raise SystemExit(77)
numbers = pa.array(np.arange(1_000_000))
def work():
    for _ in range(50):
        pc.multiply(numbers, 2)
before = pa.total_allocated_bytes()
ts = [threading.Thread(target=work) for _ in range(4)]
[t.start() for t in ts]
[t.join() for t in ts]
sums = pc.add(numbers, 1)  # here
words = pa.array(["word %d" % i for i in range(100_000)])  # here
small = [pa.array([i, i + 1]) for i in range(1000)]  # here
gone = pc.add(numbers, 3)
del gone
print(pa.total_allocated_bytes(), pa.total_allocated_bytes() - before)
"""
_HERE = [number for number, line in enumerate(_PROGRAM.splitlines(), 1) if "# here" in line]


def _kept_by_lines(trace: Trace) -> int:
    """Bytes alive at the end that the marked lines took, but for what malloc's small blocks and Python have of them."""
    events = trace.events
    died = set(events.buffer[events.kind == Kind.DIED].tolist())
    kept = 0
    for i in np.flatnonzero((events.domain == Domain.NATIVE) & (events.kind == Kind.BORN)):
        buffer = int(events.buffer[i])
        if buffer in died or trace.origins.get(buffer) != "(Arrow)":
            continue
        own = [site for site in trace.stack(int(events.stack[i])) if site.filename.endswith("prog.py")]
        kept += int(events.nbytes[i]) if own and own[0].lineno in _HERE else 0
    return kept


@pytest.mark.long
def test_arrows_blocks_are_what_arrow_says(tmp_path: Path) -> None:
    """What is alive of Arrow's blocks at their lines is Arrow's own count, to the byte; threads freed others."""
    # Else Python may take a block of 128 KiB at one of these lines, for its map of arenas: where they lie decides.
    place = Place(tmp_path, environment={"PYTHONMALLOC": "malloc"})
    outcome = place.run_tracked(write_program(tmp_path, _PROGRAM))
    if outcome.status == 77:
        pytest.skip("this libarrow has no allocator that can be seen")
    assert (outcome.status, outcome.stderr) == (0, b"")
    trace = ndmem.load(place.trace).trace
    assert _kept_by_lines(trace) == int(outcome.stdout.split()[1])


def test_a_limit_does_not_count_what_arrow_reserves(tmp_path: Path) -> None:
    """A program of Arrow, and of pandas where that is there, that takes 100 MB runs under a limit of 600 MiB."""
    pandas = importlib.util.find_spec("pandas") is not None
    text = (
        "import numpy as np, pyarrow as pa\nkept = pa.array(range(10**6))\n"
        + ("import pandas as pd\nwords = pd.Series(['word %d' % i for i in range(10**5)])\n" if pandas else "")
        + "sums = [np.ones(10**6) + i for i in range(5)]\nprint('ran')\n"
    )
    outcome = Place(tmp_path).run_tracked("--limit", "600 MiB", write_program(tmp_path, text))
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, b"ran\n", b"")

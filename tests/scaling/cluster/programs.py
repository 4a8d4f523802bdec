"""Programs that track a real Dask cluster: scheduler, workers and client, each run in a process of its own."""

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ndmem

TIMEOUT_S = 120

_HEAD = """
import json, os, signal, sys, time

import numpy as np
from distributed import Client, LocalCluster, wait

import ndmem

MB = 1_000_000


def load(nbytes, number):
    return np.empty(nbytes, np.uint8)


def work(array):
    scratch = np.empty(2 * array.nbytes, np.uint8)
    result = np.empty(array.nbytes, np.uint8)
    return result


def fail(array):
    scratch = np.empty(3 * array.nbytes, np.uint8)
    raise ValueError("of the task")


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def cluster_of(workers, processes=True):
    return LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=processes, dashboard_address="127.0.0.1:0",
        memory_limit=None,
    )


def show(run, **found):
    run.save("run.ndmem")
    print(json.dumps(found))


"""


@dataclass(frozen=True)
class Outcome:
    """What a program left: its file, and the JSON that it printed."""

    run: ndmem.Run
    found: dict[str, Any]


def run_program(folder: Path, body: str, *, head: str = "") -> Outcome:
    """Run a program whose main part is given; it calls ``show``."""
    place = folder / "program.py"
    main = textwrap.indent(textwrap.dedent(body), "    ")
    place.write_text(f'{_HEAD}{textwrap.dedent(head)}\n\nif __name__ == "__main__":\n{main}')
    done = subprocess.run(
        [sys.executable, str(place)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "", "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return Outcome(ndmem.load(folder / "run.ndmem"), json.loads(done.stdout.splitlines()[-1]))


def line_of(text: str) -> int:
    """Return the number of the only line of the programs' functions that has a text."""
    lines = [number for number, line in enumerate(_HEAD.splitlines(), 1) if text in line]
    assert len(lines) == 1
    return lines[0]

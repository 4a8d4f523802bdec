"""``python -m ndmem.integrations.memory_profiler script.py``: run a script with ``profile`` in its builtins."""

from __future__ import annotations

import argparse
import builtins
import runpy
import sys
from contextlib import ExitStack
from pathlib import Path

import ndmem

from .backends import BACKENDS, DEFAULT_BACKEND
from .line_profiler import LineProfiler
from .table import show_results


def main(words: list[str] | None = None) -> None:
    """Run the script, and write the tables whatever becomes of it."""
    parser = argparse.ArgumentParser(prog="python -m ndmem.integrations.memory_profiler", description=__doc__)
    parser.add_argument("--version", action="version", version=f"ndmem {ndmem.__version__}")
    parser.add_argument("--precision", type=int, default=3, help="digits after the point, of MiB [3]")
    parser.add_argument("-o", dest="output", help="write the tables to a file")
    parser.add_argument("--include-children", action="store_true", help="add the memory of child processes")
    parser.add_argument("--backend", choices=BACKENDS, default=DEFAULT_BACKEND, help="where memory is read")
    parser.add_argument("program", nargs=argparse.REMAINDER, help="script or module, and its arguments")
    options = parser.parse_args(words)
    if not options.program:
        parser.error("no script given; write for example: python -m ndmem.integrations.memory_profiler script.py")
    if options.precision < 0:
        parser.error(f"--precision {options.precision} is not 0 or more")
    prof = LineProfiler(backend=options.backend, include_children=options.include_children)
    with ExitStack() as until_end:
        stream = sys.stdout if options.output is None else until_end.enter_context(Path(options.output).open("w"))
        until_end.callback(show_results, prof, stream=stream, precision=options.precision)
        vars(builtins)["profile"] = prof
        _run(options.program)


def _run(program: list[str]) -> None:
    """Run a script as ``__main__``, or a module if there is no such file."""
    sys.argv = program
    if Path(program[0]).exists():
        sys.path.insert(0, str(Path(program[0]).resolve().parent))
        runpy.run_path(program[0], run_name="__main__")
    else:
        runpy.run_module(program[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

"""``python -m ndmem.integrations.memory_profiler script.py``: run a script with ``profile`` in its builtins."""

import argparse
import builtins
import importlib.util
import os
import runpy
import sys
import tracemalloc
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NoReturn

import ndmem

from .backends import BACKENDS, DEFAULT_BACKEND
from .line_profiler import LineProfiler
from .table import show_results
from .time_stamper import TimeStamper


def main(words: list[str] | None = None) -> None:
    """Run the script, and write the tables, also if the script fails."""
    options = _read_options(words)
    with ExitStack() as until_end:
        # Append, as memory_profiler does: mprof writes its samples to the same file.
        stream = sys.stdout if options.output is None else until_end.enter_context(Path(options.output).open("a"))
        prof: LineProfiler | TimeStamper
        if options.timestamp:
            prof = TimeStamper(options.backend, options.include_children)
            until_end.callback(_show, partial(prof.show_results, stream))
        else:
            prof = LineProfiler(options.backend, options.include_children, options.max_mem)
            until_end.callback(_show, partial(show_results, prof, stream=stream, precision=options.precision))
        vars(builtins)["profile"] = prof
        if options.backend == "tracemalloc" and not tracemalloc.is_tracing():
            tracemalloc.start()
        _run(options.program)


def _show(write: Callable[[], None]) -> None:
    """Write the tables; if the reader closed the pipe, keep the script's exit status."""
    try:
        write()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the flush at exit would fail again


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Report the mistake in one line, without the usage text."""
        self.exit(2, f"{self.prog}: {message}\n")


def _read_options(words: list[str] | None) -> argparse.Namespace:
    parser = _Parser(prog="python -m ndmem.integrations.memory_profiler", description=__doc__)
    parser.add_argument("--version", action="version", version=f"ndmem {ndmem.__version__}")
    parser.add_argument(
        "--pdb-mmem", dest="max_mem", metavar="MIB", type=float, help="start pdb when the memory exceeds this"
    )
    parser.add_argument("--precision", type=int, default=3, help="digits after the point, of MiB [3]")
    parser.add_argument("-o", dest="output", help="append the tables to a file")
    parser.add_argument("--timestamp", action="store_true", help="write the times of function calls instead of lines")
    parser.add_argument("--include-children", action="store_true", help="add the memory of child processes")
    parser.add_argument("--backend", choices=BACKENDS, default=DEFAULT_BACKEND, help="how memory is measured")
    parser.add_argument("program", nargs=argparse.REMAINDER, help="script or module, and its arguments")
    options = parser.parse_args(words)
    if not options.program:
        parser.error("no script given; write for example: python -m ndmem.integrations.memory_profiler script.py")
    if options.precision < 0:
        parser.error(f"--precision {options.precision} is not 0 or more")
    if options.max_mem is not None and not options.max_mem > 0:
        parser.error(f"--pdb-mmem {options.max_mem:g} is not more than 0 MiB")
    if options.max_mem is not None and options.timestamp:
        parser.error("--pdb-mmem and --timestamp exclude each other")
    if not _is_there(options.program[0]):
        parser.error(f"{options.program[0]}: no such script or module")
    return options


def _is_there(program: str) -> bool:
    if Path(program).is_file():
        return True
    try:
        return importlib.util.find_spec(program) is not None
    except (ImportError, ValueError):  # its package does not exist
        return False


def _run(program: list[str]) -> None:
    """Run a script as ``__main__``, or a module if the file does not exist."""
    sys.argv = program
    if Path(program[0]).is_file():
        sys.path.insert(0, str(Path(program[0]).resolve().parent))
        runpy.run_path(program[0], run_name="__main__")
    else:
        runpy.run_module(program[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

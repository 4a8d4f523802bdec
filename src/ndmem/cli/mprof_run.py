"""``ndmem mprof run`` and ``attach``: sample the memory of a program into a file."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ndmem.integrations.memory_profiler.backends import BACKENDS, DEFAULT_BACKEND
from ndmem.integrations.mprof.choose import name_file

from .message import say
from .usage import EXAMPLE

if TYPE_CHECKING:
    from ndmem.integrations.mprof.sample import Sampling

_TIMEOUT_OF_ATTACHED_S = 3600
_MOST_S = 86_400.0
_SAMPLED = [name for name in BACKENDS if name != "tracemalloc"]  # tracemalloc only measures its own process


def _check_seconds(_: click.Context, param: click.Parameter, seconds: float | None) -> float | None:
    if seconds is not None and not 0 < seconds <= _MOST_S:
        raise click.BadParameter(
            f"{seconds:g} is not more than 0 seconds and at most a day; write for example 0.1", param=param
        )
    return seconds


def _sampling_options(function: Any) -> Any:
    for option in (
        click.option("--backend", type=click.Choice(_SAMPLED), default=DEFAULT_BACKEND, help="How memory is measured."),
        click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path),
                     help="File to append the samples to.  [default: mprofile_<YYYYMMDDhhmmss>.dat]"),
        click.option("-t", "--timeout", type=float, callback=_check_seconds,
                     help="Stop sampling after this many seconds; the program goes on."),
        click.option("-M", "--multiprocess", is_flag=True, help="Write separate samples for each child process."),
        click.option("-C", "--include-children", is_flag=True, help="Add the memory of child processes."),
        click.option("-T", "--interval", type=float, default=0.1, show_default=True, callback=_check_seconds,
                     help="Seconds between samples."),
    ):  # fmt: skip
        function = option(function)
    return function


def _read_sampling(options: dict[str, Any], *, timeout: float | None = None) -> Sampling:
    from ndmem.integrations.mprof.sample import Children, Sampling  # needs psutil

    children = (Children.ADDED if options["include_children"] else Children(0)) | (
        Children.EACH if options["multiprocess"] else Children(0)
    )
    output = options["output"] or Path(name_file(datetime.now()))
    return Sampling(output, options["interval"], options["timeout"] or timeout, children, options["backend"])


@click.command(
    "run",
    context_settings={"allow_interspersed_args": False},
    epilog=f"{EXAMPLE}ndmem mprof run --interval 0.5 program.py",
)
@_sampling_options
@click.option(
    "--python", is_flag=True, help="PROGRAM is a Python module: also write the calls of functions with @profile."
)
@click.option("--nopython", is_flag=True, help="Run a script like any program, without @profile.")
@click.option("-E", "--exit-code", is_flag=True, help="Exit with the program's exit status.")
@click.option(
    "-a", "--attach", "attached", is_flag=True, help="PROGRAM is a running process: its id, or part of its name."
)
@click.argument("program", nargs=-1, type=click.UNPROCESSED)
def run(
    program: tuple[str, ...], python: bool, nopython: bool, exit_code: bool, attached: bool, **options: Any
) -> None:
    """Run PROGRAM (a script, a command, or with --python a module) and write its memory over time."""
    if not program or not program[0]:
        raise click.UsageError("no program given; write for example: ndmem mprof run script.py")
    if python and nopython:
        raise click.UsageError("--python and --nopython exclude each other; pass one of them")
    from ndmem.integrations.mprof import sample

    if attached:
        _attach(program[0], options)
        return
    wanted = sample.Interpreter.ALWAYS if python else sample.Interpreter.IF_SCRIPT
    sampling = _read_sampling(options)
    process = sample.run_program(program, sampling, sample.Interpreter.NEVER if nopython else wanted)
    _say_where(sampling)
    if exit_code:
        status = process.wait()
        if status:
            say(f"the program ended with exit status {status}")
        sys.exit(status if status >= 0 else 128 - status)


@click.command("attach", epilog=f"{EXAMPLE}ndmem mprof attach --timeout 60 1234")
@_sampling_options
@click.argument("process")
def attach(process: str, **options: Any) -> None:
    """Sample a running PROCESS: its id, or part of its name. The same as mprof run --attach."""
    _attach(process, options)


def _attach(process: str, options: dict[str, Any]) -> None:
    from ndmem.integrations.mprof import sample

    sampling = _read_sampling(options, timeout=_TIMEOUT_OF_ATTACHED_S)
    sample.attach(process, sampling)
    _say_where(sampling)


def _say_where(sampling: Sampling) -> None:
    # On stderr: stdout belongs to the program.
    say(f"wrote samples to {sampling.output}")

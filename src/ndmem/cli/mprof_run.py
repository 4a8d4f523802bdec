"""``ndmem mprof run`` and ``attach``: write the memory of a program to a file."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ndmem.integrations.memory_profiler.backends import BACKENDS, DEFAULT_BACKEND
from ndmem.integrations.mprof.choose import name_file

from .message import say

if TYPE_CHECKING:
    from ndmem.integrations.mprof.sample import Sampling

_TIMEOUT_OF_ATTACHED_S = 3600
_MOST_S = 86_400.0
_SAMPLED = [name for name in BACKENDS if name != "tracemalloc"]  # that one knows its own process alone


def _check_seconds(_: click.Context, param: click.Parameter, seconds: float | None) -> float | None:
    if seconds is not None and not 0 < seconds <= _MOST_S:
        raise click.BadParameter(f"{seconds:g} is not more than 0 seconds and at most a day", param=param)
    return seconds


def _sampling_options(function: Any) -> Any:
    for option in (
        click.option("--backend", type=click.Choice(_SAMPLED), default=DEFAULT_BACKEND, help="What memory is."),
        click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path),
                     help="File that lines are added to.  [default: mprofile_<YYYYMMDDhhmmss>.dat]"),
        click.option("-t", "--timeout", type=float, callback=_check_seconds,
                     help="Sample for so many seconds; the program goes on."),
        click.option("-M", "--multiprocess", is_flag=True, help="Write each child process by itself."),
        click.option("-C", "--include-children", is_flag=True, help="Add the memory of child processes."),
        click.option("-T", "--interval", type=float, default=0.1, show_default=True, callback=_check_seconds,
                     help="Seconds between samples."),
    ):  # fmt: skip
        function = option(function)
    return function


def _read_sampling(options: dict[str, Any], *, timeout: float | None = None) -> Sampling:
    from ndmem.integrations.mprof.sample import Children, Sampling  # noqa: PLC0415  # psutil, for those who sample

    children = (Children.ADDED if options["include_children"] else Children(0)) | (
        Children.EACH if options["multiprocess"] else Children(0)
    )
    output = options["output"] or Path(name_file(datetime.now()))
    return Sampling(output, options["interval"], options["timeout"] or timeout, children, options["backend"])


@click.command("run", context_settings={"allow_interspersed_args": False})
@_sampling_options
@click.option("--python", is_flag=True, help="The program is Python's: write the calls of functions with @profile.")
@click.option("--nopython", is_flag=True, help="Run a script as any program.")
@click.option("-E", "--exit-code", is_flag=True, help="Leave with the program's exit status.")
@click.option("-a", "--attach", "attached", is_flag=True, help="PROGRAM is a process that runs: its id, or its name.")
@click.argument("program", nargs=-1, type=click.UNPROCESSED)
def run(
    program: tuple[str, ...], python: bool, nopython: bool, exit_code: bool, attached: bool, **options: Any
) -> None:
    """Run PROGRAM, a script, a command or with --python a module, and write its memory over time."""
    if not program or not program[0]:
        raise click.UsageError("no program given; write for example: ndmem mprof run script.py")
    if python and nopython:
        raise click.UsageError("--python and --nopython exclude each other")
    from ndmem.integrations.mprof import sample  # noqa: PLC0415  # as above

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


@click.command("attach")
@_sampling_options
@click.argument("process")
def attach(process: str, **options: Any) -> None:
    """Sample a PROCESS that runs: its id, or a part of its name. It is mprof run --attach."""
    _attach(process, options)


def _attach(process: str, options: dict[str, Any]) -> None:
    from ndmem.integrations.mprof import sample  # noqa: PLC0415  # as above

    sampling = _read_sampling(options, timeout=_TIMEOUT_OF_ATTACHED_S)
    sample.attach(process, sampling)
    _say_where(sampling)


def _say_where(sampling: Sampling) -> None:
    # On stderr: what the program prints is its own.
    say(f"samples of memory are in {sampling.output}")

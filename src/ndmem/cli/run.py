"""``ndmem run``: run a program as it always runs, then say where its array memory went."""

from __future__ import annotations

import importlib
import os
import resource
import signal
import sys
from pathlib import Path
from typing import NoReturn

import click

from ndmem.errors import NdmemError
from ndmem.tracking.launch import Ended
from ndmem.tracking.program import Program, start_program

from .message import say
from .options import BudgetType, NbytesType, check_page

# In the program's own process, which is told by name what to call there.
_EXPLAINER = "ndmem.budgets.excess:explain_end"

_NEEDED = ("ndmem.run", "ndmem.tracking.assemble", "ndmem.tracking.family", "rich.console", "rich.table")
"""Loaded while the program runs: with NumPy they take 100 ms, which nobody should wait for at either end. Not the whole
of `ndmem.api`: what is loaded here slows the program on the other core, too."""


class _ProgramCommand(click.Command):
    """A command whose options end where the program begins: at the script, or after the value of ``-m`` or ``-c``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        taking = {
            name
            for param in self.params
            if isinstance(param, click.Option) and not param.is_flag
            for name in param.opts
        }
        at = 0
        while at < len(args) and args[at].startswith("-") and args[at] != "--":
            program = args[at][:2] in ("-m", "-c")
            at += 2 if args[at] in taking else 1
            if program and at <= len(args):
                args = [*args[:at], "--", *args[at:]]
                break
        return super().parse_args(ctx, args)


@click.command("run", cls=_ProgramCommand, context_settings={"allow_interspersed_args": False})
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for the trace [ndmem-SCRIPT.PID.ndmem].",
)
@click.option("-f", "--force", is_flag=True, help="Overwrite the file of an older run.")
@click.option(
    "--threshold",
    type=NbytesType(),
    default="4KiB",
    show_default=True,
    help="Buffers from here on are single events; smaller ones are counted.",
)
@click.option(
    "--room",
    type=NbytesType(),
    default="1GiB",
    show_default=True,
    help="Room for a process's events; beyond it those of arrays long gone are left out.",
)
@click.option(
    "--native/--no-native",
    default=True,
    show_default=True,
    help="Watch memory that libraries take with malloc and mmap (Linux).",
)
@click.option(
    "--limit",
    type=BudgetType(),
    metavar="SIZE|PERCENT|auto",
    help="Refuse arrays beyond this: bytes, a share of what the machine allows, or 90% of what is free here now.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print no report after the run.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Also write the report as HTML.")
@click.option("-m", "module", metavar="MODULE", help="Run a module, as python -m does.")
@click.option("-c", "code", metavar="CODE", help="Run a text, as python -c does.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="SCRIPT [ARGS]...")
def command(
    output: Path | None,
    force: bool,
    threshold: int,
    room: int,
    native: bool,
    limit: int | None,
    quiet: bool,
    html: Path | None,
    module: str | None,
    code: str | None,
    arguments: tuple[str, ...],
) -> None:
    """Run SCRIPT with ARGS and say where its array memory went.

    The program runs as under python: same output, same exit status. The report goes to stderr afterwards.
    """
    words, name = _find_program(module, code, arguments)
    if html is not None:
        _check_page(html, output=output, force=force)
    program = start_program(
        words,
        name=name,
        output=output,
        overwrite=force,
        threshold=threshold,
        room=room,
        native=native,
        limit=None if limit is None else (limit, _EXPLAINER),
    )
    # BLAS would start threads beside the program, and has nothing to do here.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for needed in _NEEDED:
        importlib.import_module(needed)

    ended = program.wait(report=lambda: _report_now(program))
    try:
        _report(program, ended, quiet=quiet, html=html)
        sys.stderr.flush()
    except (NdmemError, OSError, MemoryError) as error:
        # The program ran, and its exit status is what counts; stderr itself may be what cannot be written.
        say(f"no report: {error or 'not enough memory'}; the record of the run is in {program.output.path}")
    _leave(ended.status)


def _report_now(program: Program) -> None:
    """Print the report of a program that goes on, which does not notice."""
    from ndmem import api  # noqa: PLC0415  # see above

    try:
        api.load(program.output.path).report(sys.stderr)
        sys.stderr.flush()
    except (NdmemError, OSError, MemoryError) as error:
        say(f"no report of now: {error or 'not enough memory'}")


def _report(program: Program, ended: Ended, *, quiet: bool, html: Path | None) -> None:
    """Save the trace of a program that has ended, and print the report."""
    from ndmem.run import Run  # noqa: PLC0415  # see above
    from ndmem.tracking.family import settle_children  # noqa: PLC0415

    path = program.output.path
    try:
        trace = program.read_trace(ended)
    except OSError as error:
        say(f"the trace found no room ({error.strerror}); the journal is in {path}")
        from ndmem import api  # noqa: PLC0415  # see above

        trace = api.load(path).trace
    if trace is None:
        return
    family = settle_children(path, trace)
    run = Run(trace, path=path, family=family)
    if not quiet:
        run.report(sys.stderr)
    if html is not None:
        run.to_html(html)


def _check_page(html: Path, *, output: Path | None, force: bool) -> None:
    """Say what would keep the page from being written before the program runs, which may take hours."""
    check_page(html)
    if html.exists() and not force:
        raise click.UsageError(f"{html} exists; name another file with --html, or pass --force")
    if output is not None and html.absolute() == output.absolute():
        raise click.UsageError(f"{str(html)!r} is the trace's file; name another file with --html")


def _find_program(module: str | None, code: str | None, arguments: tuple[str, ...]) -> tuple[list[str], str]:
    """Return what follows ``python``, and a name for the program's file."""
    if module is not None and code is not None:
        raise click.UsageError("-m and -c exclude each other")
    if module is not None:
        return ["-m", module, *arguments], module
    if code is not None:
        return ["-c", code, *arguments], "code"
    if not arguments:
        raise click.UsageError("no program given; write for example: ndmem run program.py")
    script = Path(arguments[0])
    if not arguments[0] or not script.exists():
        raise click.UsageError(f"can't open {arguments[0]!r}: no such file")
    if script.is_dir() and not (script / "__main__.py").exists():
        raise click.UsageError(f"{arguments[0]!r} is a folder without a __main__.py")
    # A script named like an option would be one to Python; it does not know `--`.
    first = os.path.join(".", arguments[0]) if arguments[0].startswith("-") else arguments[0]  # noqa: PTH118  # Path drops "./"
    return [first, *arguments[1:]], script.name or "program"


def _leave(status: int) -> NoReturn:
    """End as the program ended: with its status, or by its signal."""
    if status < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the program's own core dump is the one of interest
        if -status != signal.SIGKILL:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
        status = 128 - status  # a signal that does not end this process
    # Nothing is left to be done, and to take NumPy and rich apart again would take 20 ms.
    os._exit(status)

"""``ndmem run``: run a program unchanged, then report where its array memory went."""

import importlib
import os
import resource
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from ndmem.errors import NdmemError
from ndmem.tracking.launcher.launch import TrackingOptions
from ndmem.tracking.launcher.program import Program, start_program
from ndmem.tracking.launcher.rank_files import find_one_of_several, path_for_rank
from ndmem.tracking.launcher.wait import Ended

from .live_web import PortType, end_page, open_page, start_page
from .message import say, say_written
from .named_program import find_program
from .options import (
    FORCE_OPTION,
    PACKAGE_OPTION,
    THRESHOLD_OPTION,
    BudgetType,
    NbytesType,
    check_page,
    warn_of_packages,
)
from .program_command import ProgramCommand
from .run_rank import say_end
from .usage import EXAMPLE

if TYPE_CHECKING:
    from ndmem.api import Run
    from ndmem.model.rank import Rank
    from ndmem.watching.web.live_page import LivePage

# The program's own process imports this function by its name.
_EXPLAINER = "ndmem.budgets.excess:explain_end"

_NEEDED = (
    "numpy",
    "ndmem.results.run",
    "ndmem.tracking.journal.assemble",
    "ndmem.tracking.journal.children",
    "rich.console",
    "rich.table",
)
"""Imported while the program runs: with NumPy they take 100 ms, which would delay the program's start or its report.
No more than these: an import here slows the program down, although it runs on another core."""


def _load_needed() -> Iterator[str]:
    for needed in _NEEDED:
        importlib.import_module(needed)
        yield needed


@click.command(
    "run",
    cls=ProgramCommand,
    context_settings={"allow_interspersed_args": False},
    epilog=f"{EXAMPLE}ndmem run -o run.ndmem program.py --an-option-of-the-program",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for the trace [ndmem-SCRIPT.PID.ndmem]; each rank of an MPI job adds its number.",
)
@FORCE_OPTION
@THRESHOLD_OPTION
@click.option(
    "--room",
    type=NbytesType(),
    default="1GiB",
    show_default=True,
    help="Maximum size of the event log per process; beyond it, events of long-freed arrays are discarded.",
)
@click.option(
    "--native/--no-native",
    default=True,
    show_default=True,
    help="Also record memory that libraries allocate with malloc and mmap (Linux).",
)
@click.option(
    "--limit",
    type=BudgetType(),
    metavar="SIZE|PERCENT|auto",
    help="Refuse arrays beyond this: bytes, a percentage of the machine's limit, or 90% of what is free now.",
)
@click.option("--deep", is_flag=True, help="Also examine the values of large arrays, for advice; up to twice the time.")
@PACKAGE_OPTION
@click.option("-q", "--quiet", is_flag=True, help="Print no report after the run.")
@click.option("--advise", is_flag=True, help="List everything to change, after the report.")
@click.option("--leaks", is_flag=True, help="List what is still live at the end, by line, after the report.")
@click.option("--web", is_flag=True, help="Show the program in a browser while it runs.")
@click.option("--port", type=PortType(), metavar="N", help="Port of the page of --web; without it one that is free.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Also write the report as HTML.")
@click.option("-m", "module", metavar="MODULE", help="Run MODULE, as python -m does.")
@click.option("-c", "code", metavar="CODE", help="Run CODE, as python -c does.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="SCRIPT [ARGS]...")
def command(
    output: Path | None,
    force: bool,
    threshold: int,
    room: int,
    native: bool,
    limit: int | None,
    deep: bool,
    packages: tuple[str, ...],
    quiet: bool,
    advise: bool,
    leaks: bool,
    web: bool,
    port: int | None,
    html: Path | None,
    module: str | None,
    code: str | None,
    arguments: tuple[str, ...],
) -> None:
    """Run SCRIPT with ARGS and report where its array memory went.

    The program behaves as under python: same output, same exit status. The report goes to stderr afterwards.
    """
    if html is not None and html.suffix == ".py" and not (arguments or module or code):
        raise click.UsageError(f"--html has taken {str(html)!r} as its file; write: ndmem run --html page.html {html}")
    words, name = find_program(module, code, arguments)
    rank = find_one_of_several()
    if html is not None:
        html = path_for_rank(html, rank)
        _check_page(html, output=output, force=force)
    page = None if rank is not None and rank.number else open_page(web=web, port=port)
    program = start_program(
        words,
        name=name,
        output=output,
        overwrite=force,
        options=TrackingOptions(
            threshold, room, native, None if limit is None else (limit, _EXPLAINER), packages, deep=deep
        ),
        rank=rank,
    )
    # OpenBLAS would start threads that compete with the program; ndmem calls no BLAS function.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    ended = program.wait(report=lambda: _report_now(program), prepare=lambda: _prepare(program, page))
    run = None
    try:
        wanted = _Wanted(report=not quiet, advice=advise, left_over=leaks, page=html, rank=rank, packages=packages)
        asked = advise or leaks or html is not None or limit is not None
        if asked or not _report_nothing(program, ended, quiet=quiet, rank=rank):
            run = _report(program, ended, wanted)
        sys.stderr.flush()
    except (NdmemError, OSError, MemoryError) as error:
        # The exit status stays the program's, whatever fails here; it may be stderr that cannot be written.
        found = program.output.find()
        where = "" if found is None else f"; the record of the run is in {found}"
        say(f"could not produce the report: {str(error) or 'not enough memory'}{where}")
    if page is not None:
        end_page(page, run)
    _leave(ended.status)


def _prepare(program: Program, page: "LivePage | None") -> Iterator[str]:
    """Load what the report needs, and begin to serve the live page, while the program runs."""
    if page is not None:
        start_page(page, program.output.path)
        yield "the live page"
    yield from _load_needed()


def _report_now(program: Program) -> None:
    """Print the report of a running program, without disturbing it."""
    from ndmem import api

    try:
        api.load(program.output.path).report(sys.stderr)
        sys.stderr.flush()
    except (NdmemError, OSError, MemoryError) as error:
        say(f"could not produce the report: {str(error) or 'not enough memory'}")


def _report_nothing(program: Program, ended: Ended, *, quiet: bool, rank: "Rank | None") -> bool:
    """Print the report of a program without records, which does not need NumPy; false if there are records."""
    from ndmem.reporting.text.empty_run import write_empty_run  # after the launch, which it would delay

    found = program.save_empty(ended)
    if found is None:
        return False
    if program.unsaved:
        say(program.unsaved)
    if rank is not None:  # its file stays: a report of all ranks would miss it
        say_end(program, rank, None, quiet=quiet)
        return True
    program.discard_unasked()
    if not quiet:
        write_empty_run(
            sys.stderr,
            imported_numpy=False,
            native_peak_nbytes=found.native_peak_nbytes,
            rss_peak_nbytes=found.rss_peak_nbytes,
        )
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What is to be written after the program: the report, all advice, what is left at the end, and a page.

    Of several ranks the first one alone writes to the terminal.
    """

    report: bool
    advice: bool
    left_over: bool
    page: Path | None
    rank: "Rank | None"
    packages: tuple[str, ...]


def _report(program: Program, ended: Ended, wanted: _Wanted) -> "Run | None":
    """Save the trace of an ended program, and write what is wanted; ``None`` if the program refused to start."""
    from ndmem.api import Run
    from ndmem.tracking.journal.children import settle_children

    trace = program.read_trace(ended)
    if trace is None:
        return None
    if program.unsaved:
        say(program.unsaved)
    path = program.output.path
    family = settle_children(path, trace)
    run = Run(trace, path=path, family=family)
    if wanted.rank is not None:
        say_end(program, wanted.rank, run, quiet=not wanted.report)
    elif run.is_empty and wanted.page is None:
        program.discard_unasked()
    if wanted.rank is None or wanted.rank.number == 0:
        _print(run, wanted)
        warn_of_packages(run, wanted.packages)
    if wanted.page is not None:
        run.to_html(wanted.page)
        if wanted.report:
            say_written(wanted.page)
    return run


def _print(run: "Run", wanted: _Wanted) -> None:
    """Print what is wanted of a run; of several ranks no report of one, but what was asked for."""
    report = wanted.report and wanted.rank is None
    if report:
        run.report(sys.stderr, advice=not wanted.advice)
    if wanted.advice:
        _advise(run, after_report=report)
    if wanted.left_over:
        if report or wanted.advice:
            sys.stderr.write("\n")
        run.report_left_over(sys.stderr)


def _advise(run: "Run", *, after_report: bool) -> None:
    """Print everything to change; a run whose lifetimes are unknown still has its report and its page."""
    from ndmem import api

    try:
        found = api.advise(run)
    except NdmemError as error:
        say(str(error))
        return
    if after_report:
        sys.stderr.write("\n")
    found.report(sys.stderr)


def _check_page(html: Path, *, output: Path | None, force: bool) -> None:
    """Check that the page can be written, before the program runs, which may take hours."""
    check_page(html)
    if html.exists() and not force:
        raise click.UsageError(f"{html} exists; choose another path with --html, or pass --force")
    if output is not None and html.absolute() == output.absolute():
        raise click.UsageError(f"{str(html)!r} is the file of the trace; choose another path with --html")


def _leave(status: int) -> NoReturn:
    """End as the program ended: with its status, or by its signal."""
    if status < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the program has written its own core dump
        if -status != signal.SIGKILL:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
        status = 128 - status  # reached if the signal does not end this process
    # Everything is written; the interpreter's own shutdown, with NumPy and rich, would take 20 ms.
    os._exit(status)

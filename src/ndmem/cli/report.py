"""``ndmem report``: show a saved run."""

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO

import click

from ndmem import api
from ndmem.steps import LOADING, PAGE

from .message import say_written
from .newest_run import choose_run
from .options import PACKAGE_OPTION, SecondsType, warn_of_packages
from .report_benchmarks import write_benchmarks
from .usage import EXAMPLE
from .waiting import show_waiting

_BENCHMARKS = (api.Format.BENCHMARK.value, api.Format.BENCHER.value)
_HEAD_NBYTES = 1000
"""Bytes of a file in which the mark of a page is searched for."""


@click.command("report", epilog=f"{EXAMPLE}ndmem report run.ndmem --format html -o run.html")
@click.argument("file", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE|FOLDER]...")
@click.option(
    "--format", "form", type=click.Choice([form.value for form in api.Format]), default="text", show_default=True
)
@click.option(
    "--by",
    type=click.Choice([by.value for by in api.By]),
    help="Group the rows of the text table by this.  [default: line]",
)
@click.option(
    "--at",
    type=click.Choice([moment.value for moment in api.Moment]),
    help="Moment to show; JSON and HTML have both.  [default: peak]",
)
@click.option(
    "--of",
    type=click.Choice([measure.value for measure in api.Measure]),
    help="Weight of the stacks in collapsed and speedscope output.  [default: as --at]",
)
@PACKAGE_OPTION
@click.option("--library", is_flag=True, help="Also show lines of libraries, instead of charging them to your lines.")
@click.option("--processes", is_flag=True, help="Show the lines of all processes together.")
@click.option("--leaks", is_flag=True, help="Show what was allocated in the run, or in a part of it, and stayed.")
@click.option("--from", "start_s", type=SecondsType(), metavar="SECONDS", help="Where that part begins.")
@click.option("--to", "end_s", type=SecondsType(), metavar="SECONDS", help="Where that part ends.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file instead of stdout."
)
@click.option(
    "--plotlyjs",
    metavar="inline|cdn|FILE",
    help="Where the page loads Plotly's JavaScript from; several pages can share a FILE.  [default: inline]",
)
def command(
    file: tuple[Path, ...],
    form: str,
    by: str | None,
    at: str | None,
    of: str | None,
    packages: tuple[str, ...],
    library: bool,
    processes: bool,
    leaks: bool,
    start_s: float | None,
    end_s: float | None,
    output: Path | None,
    plotlyjs: str | None,
) -> None:
    """Show the run saved in FILE, by default the newest .ndmem file in this folder.

    Several files, or a folder, are the ranks of a parallel job: one report has all of them.
    """
    _check_choices(form, by=by, at=at, of=of, library=library, processes=processes, plotlyjs=plotlyjs)
    is_plain = form == api.Format.TEXT.value and by is None and at is None and not (processes or library)
    _check_leaks(leaks=leaks, start_s=start_s, end_s=end_s, is_plain=is_plain)
    files = file or (choose_run(None),)
    if output is not None and any(output.exists() and one.exists() and output.samefile(one) for one in files):
        raise click.UsageError(f"{str(output)!r} is the run itself; choose another path with -o")
    if form == api.Format.HTML.value:
        chosen = _choose_page(files[0]) if output is None and sys.stdout.isatty() else output
        with show_waiting(*files, steps=LOADING + PAGE):
            run = api.load(*files, packages=packages)
            page = run.to_html(chosen, library=library, plotlyjs=plotlyjs or "inline")
        sys.stdout.write(page or "")
        warn_of_packages(run, packages)
        if chosen is not output and chosen is not None:
            say_written(chosen)
        return
    if form in _BENCHMARKS:
        write_benchmarks(files, form=form, output=output)
        return
    with show_waiting(*files, steps=LOADING):
        run = api.load(*files, packages=packages)
    rows, moment = by or api.By.LINE, at or api.Moment.PEAK
    with _open(output) as stream:
        if leaks:
            run.report_left_over(stream, start_s=start_s or 0.0, end_s=end_s)
        else:
            run.report(stream, form=form, by=rows, at=moment, library=library, processes=processes, of=of)
    warn_of_packages(run, packages)


def _open(output: Path | None) -> AbstractContextManager[IO[str]]:
    if output is None:
        return nullcontext(sys.stdout)
    return output.open("w", encoding="utf-8", errors="backslashreplace")


def _check_choices(
    form: str, *, by: str | None, at: str | None, of: str | None, library: bool, processes: bool, plotlyjs: str | None
) -> None:
    """Refuse options that do not apply to the format.

    Raises
    ------
    click.UsageError
        With what to leave out, or to add.
    """
    if by is not None and form != api.Format.TEXT.value:
        raise click.UsageError(
            f"--by needs --format text: {form} always has the call stacks or the lines; leave one of them out"
        )
    if at is not None and form in {api.Format.JSON.value, api.Format.HTML.value}:
        raise click.UsageError(
            f"--at does not apply to --format {form}, which has both the peak and the end; leave it out"
        )
    if form in _BENCHMARKS and (at is not None or library):
        raise click.UsageError(
            f"--at and --library do not apply to --format {form}, which has peaks alone; leave them out"
        )
    if form == api.Format.CHROME.value and (at is not None or library):
        raise click.UsageError(
            "--at and --library do not apply to --format chrome, which is a timeline of the lines; leave them out"
        )
    if of is not None and form not in {api.Format.COLLAPSED.value, api.Format.SPEEDSCOPE.value}:
        raise click.UsageError(
            "--of needs --format collapsed or speedscope, where each call stack has a weight; add one of them"
        )
    if of is not None and at is not None:
        raise click.UsageError("--at and --of both choose the weight of the call stacks; use one of them")
    if processes and (form != api.Format.TEXT.value or by not in {None, api.By.LINE.value}):
        raise click.UsageError("--processes needs --format text and --by line: it merges the lines of the processes")
    if plotlyjs is not None and form != api.Format.HTML.value:
        raise click.UsageError("--plotlyjs needs --format html; add it")


def _check_leaks(*, leaks: bool, start_s: float | None, end_s: float | None, is_plain: bool) -> None:
    if leaks and not is_plain:
        raise click.UsageError("--leaks is a table of its own; leave --format, --by, --at and the like out")
    if not leaks and (start_s is not None or end_s is not None):
        raise click.UsageError("--from and --to choose a part of the run for --leaks; add it")
    if start_s is not None and end_s is not None and end_s <= start_s:
        raise click.UsageError(f"--to {end_s:g} is not after --from {start_s:g}")


def _choose_page(file: Path) -> Path:
    """Return the page beside a run, or in the folder of several, for a terminal: megabytes there would help no user.

    Raises
    ------
    click.UsageError
        If that file exists and is not a page of ndmem.
    """
    if file.is_dir():
        page = file / "ranks.html"
    else:
        page = file.with_name(f"{file.stem if file.suffix != '.html' else file.name}.html")
    if page.exists() and not _is_page(page):
        raise click.UsageError(f"{page} exists and is not a page of ndmem; choose another path with -o")
    return page


def _is_page(file: Path) -> bool:
    if not file.is_file():
        return False
    from ndmem.reporting.html.template import PAGE_MARK  # no other format needs it

    with file.open("rb") as stream:
        return PAGE_MARK.encode("ascii") in stream.read(_HEAD_NBYTES)

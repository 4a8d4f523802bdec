"""``ndmem report``: show a saved run."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ndmem import api
from ndmem.steps import LOADING, PAGE

from .waiting import show_waiting


@click.command("report")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format", "form", type=click.Choice([form.value for form in api.Format]), default="text", show_default=True
)
@click.option(
    "--by",
    type=click.Choice([by.value for by in api.By]),
    help="What a row of the text's table is.  [default: line]",
)
@click.option(
    "--at",
    type=click.Choice([moment.value for moment in api.Moment]),
    help="Which moment to show; JSON and HTML have both.  [default: peak]",
)
@click.option(
    "--of",
    type=click.Choice([measure.value for measure in api.Measure]),
    help="What weighs collapsed stacks and speedscope; --at, if not given.",
)
@click.option("--library", is_flag=True, help="Show lines of libraries too, instead of folding them into yours.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file instead of stdout."
)
@click.option(
    "--plotlyjs",
    metavar="inline|cdn|FILE",
    help="Where the HTML has Plotly's JavaScript from; FILE is shared by pages.  [default: inline]",
)
def command(
    file: Path,
    form: str,
    by: str | None,
    at: str | None,
    of: str | None,
    library: bool,
    output: Path | None,
    plotlyjs: str | None,
) -> None:
    """Show the run saved in FILE."""
    if by is not None and form != api.Format.TEXT.value:
        raise click.UsageError(f"--by is for --format text: {form} always has the call stacks or lines themselves")
    if at is not None and form in {api.Format.JSON.value, api.Format.HTML.value}:
        raise click.UsageError(f"--at is not for --format {form}, which has both the peak and the end")
    if form == api.Format.CHROME.value and (at is not None or library):
        raise click.UsageError(
            "--at and --library are not for --format chrome, which is a timeline of the program's lines"
        )
    if of is not None and form not in {api.Format.COLLAPSED.value, api.Format.SPEEDSCOPE.value}:
        raise click.UsageError("--of is for --format collapsed and speedscope, which weigh call stacks")
    if of is not None and at is not None:
        raise click.UsageError("--at and --of both say what weighs the call stacks; use one of them")
    if plotlyjs is not None and form != api.Format.HTML.value:
        raise click.UsageError("--plotlyjs is for --format html")
    if output is not None and output.exists() and file.exists() and output.samefile(file):
        raise click.UsageError(f"{str(output)!r} is the run itself; name another file with -o")
    if form == api.Format.HTML.value:
        with show_waiting(file, steps=LOADING + PAGE):
            page = api.load(file).to_html(output, library=library, plotlyjs=plotlyjs or "inline")
        sys.stdout.write(page or "")
        return
    with show_waiting(file, steps=LOADING):
        run = api.load(file)
    rows, moment = by or api.By.LINE, at or api.Moment.PEAK
    if output is None:
        run.report(sys.stdout, form=form, by=rows, at=moment, library=library, of=of)
        return
    with output.open("w", encoding="utf-8", errors="backslashreplace") as stream:
        run.report(stream, form=form, by=rows, at=moment, library=library, of=of)

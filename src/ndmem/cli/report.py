"""``ndmem report``: show a saved run."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ndmem import api


@click.command("report")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format", "form", type=click.Choice([form.value for form in api.Format]), default="text", show_default=True
)
@click.option(
    "--by",
    type=click.Choice([by.value for by in api.By]),
    default="line",
    show_default=True,
    help="What a row of the table is.",
)
@click.option(
    "--at",
    type=click.Choice([moment.value for moment in api.Moment]),
    default="peak",
    show_default=True,
    help="Which moment to show.",
)
@click.option("--library", is_flag=True, help="Show lines of libraries too, instead of folding them into yours.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file instead of stdout."
)
def command(file: Path, form: str, by: str, at: str, library: bool, output: Path | None) -> None:
    """Show the run saved in FILE."""
    run = api.load(file)
    if output is None:
        run.report(sys.stdout, form=form, by=by, at=at, library=library)
        return
    with output.open("w", encoding="utf-8", errors="backslashreplace") as stream:
        run.report(stream, form=form, by=by, at=at, library=library)

"""``ndmem advise``: say what to change in a program, from its saved run."""

import sys
from pathlib import Path

import click

from ndmem import api
from ndmem.steps import LOADING

from .newest_run import choose_run
from .options import PACKAGE_OPTION
from .usage import EXAMPLE
from .waiting import show_waiting


@click.command("advise", epilog=f"{EXAMPLE}ndmem advise run.ndmem --rows 5")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--rows", type=int, help="Print at most this many findings as text.  [default: all]")
@PACKAGE_OPTION
def command(file: Path | None, as_json: bool, rows: int | None, packages: tuple[str, ...]) -> None:
    """Say what to change in the program of the run saved in FILE, and how many bytes of its peak that saves.

    A saving is computed by replaying the run with the change. Without FILE it is the newest .ndmem file in this folder.
    """
    if as_json and rows is not None:
        raise click.UsageError("--rows does not apply to --json, which has all findings; leave one of them out")
    if rows is not None and rows < 1:
        raise click.UsageError(f"--rows {rows} is not a number of findings; write for example --rows 5")
    file = choose_run(file)
    with show_waiting(file, steps=LOADING):
        run = api.load(file, packages=packages)
    found = api.advise(run)
    if as_json:
        found.to_json(sys.stdout)
    else:
        found.report(sys.stdout, rows=rows)

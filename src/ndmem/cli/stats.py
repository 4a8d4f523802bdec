"""``ndmem stats``: statistics of a saved run."""

import sys
from pathlib import Path

import click

from ndmem import api

from .newest_run import choose_run
from .usage import EXAMPLE


@click.command("stats", epilog=f"{EXAMPLE}ndmem stats run.ndmem --json")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(file: Path | None, as_json: bool) -> None:
    """Print the totals of the run saved in FILE, and the sizes of its buffers.

    Without FILE it is the newest .ndmem file in this folder.
    """
    api.load(choose_run(file)).stats(sys.stdout, as_json=as_json)

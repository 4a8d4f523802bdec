"""``ndmem stats``: statistics of a saved run."""

import sys
from pathlib import Path

import click

from ndmem import api


@click.command("stats")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(file: Path, as_json: bool) -> None:
    """Print the totals of the run saved in FILE, and the sizes of its buffers."""
    api.load(file).stats(sys.stdout, as_json=as_json)

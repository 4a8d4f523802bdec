"""``ndmem stats``: the figures of a saved run."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ndmem import api


@click.command("stats")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(file: Path, as_json: bool) -> None:
    """Show the totals of the run saved in FILE, and how big its buffers were."""
    api.load(file).stats(sys.stdout, as_json=as_json)

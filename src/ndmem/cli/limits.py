"""`ndmem limits`: the memory limits of a process started here."""

import json

import click

from ndmem.api import limits

from .usage import EXAMPLE


@click.command("limits", epilog=f"{EXAMPLE}ndmem limits --json")
@click.option("--json", "as_json", is_flag=True, help="Write JSON, bytes as integers, unknown as null.")
def command(*, as_json: bool) -> None:
    """Show every memory limit of this process, where it was read, and how much is free below it."""
    found = limits()
    if not as_json:
        click.echo(str(found))
        return
    rows = [
        {
            "source": limit.source.value,
            "name": limit.name,
            "limit_nbytes": limit.nbytes,
            "used_nbytes": limit.used,
            "free_nbytes": limit.free,
            "effect": limit.effect.value,
            "binds_first": limit is found.binding,
        }
        for limit in found.all
    ]
    click.echo(json.dumps({"limits": rows, "notes": list(found.notes)}, indent=2))

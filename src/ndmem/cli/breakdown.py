"""`ndmem breakdown`: the parts of a process's resident memory."""

import json

import click

from ndmem.api import breakdown

from .usage import EXAMPLE


@click.command("breakdown", epilog=f"{EXAMPLE}ndmem breakdown 1234")
@click.argument("pid", required=False, metavar="PID")
@click.option(
    "--trim", is_flag=True, help="Return the freed memory that malloc keeps; works only from inside the program."
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON, bytes as integers, unknown as null.")
def command(pid: str | None, *, trim: bool, as_json: bool) -> None:
    """Show what is in RAM of a process: libraries, mapped files, shared memory, stacks, and the rest.

    Arrays, the heap and Python's objects can only be told apart from inside the process: call ndmem.breakdown() there.
    """
    if pid is None:
        raise click.UsageError(
            "no process given; write for example: ndmem breakdown 1234, or call ndmem.breakdown() in the program"
        )
    if not (pid.isascii() and pid.isdecimal() and len(pid) < 20):
        raise click.UsageError(f"{pid[:40]!r} is not a process id; write a number as ps shows it")
    found = breakdown(int(pid), trim=trim)
    click.echo(json.dumps(found.to_dict(), indent=2) if as_json else str(found))

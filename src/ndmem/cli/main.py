"""The command ``ndmem``: import the command that is asked for, and report errors in one line."""

import importlib
import os
import sys
from pathlib import Path
from typing import IO, Any, NoReturn

import click

from ndmem.errors import NdmemError
from ndmem.phrasing import COMMAND_LINE, phrase

from .message import say
from .usage import EXAMPLE, describe_usage

BAD_USAGE = 2

# Command → its help. The command is in the module of the same name in this folder.
_COMMANDS = {
    "run": "Run a program and report where its array memory went.",
    "report": "Show a saved run as text, JSON, HTML, or for another tool.",
    "advise": "Say what to change in a program, and how many bytes that saves.",
    "diff": "Compare two saved runs.",
    "live": "Watch a program that runs under ndmem run.",
    "attach": "Record a Python program that already runs.",
    "stats": "Print statistics of a saved run.",
    "predict": "Predict how much memory a function will need.",
    "weigh": "Report how much memory files of arrays need when loaded, and whether they fit.",
    "limits": "Show every memory limit of a process started here.",
    "breakdown": "Break the resident memory of a process down into parts.",
    "mprof": "Sample the memory of a program over time, as memory_profiler's mprof does.",
}


class _Commands(click.Group):
    """The commands, each imported on use, so that ``ndmem run`` starts the program earlier."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:  # click's signature
        if not args and not ctx.resilient_parsing:  # which completion in a shell does
            raise click.UsageError("no command given; write for example: ndmem run program.py, or ndmem --help")
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:  # click's signature
        if args[0] not in _COMMANDS and not ctx.resilient_parsing:
            from .unknown_command import (
                find_command,
                suggest_command,
            )  # 3 ms, which a program's start need not wait for

            raise click.UsageError(suggest_command(args, _COMMANDS, of="ndmem", find=find_command))
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # click's signature
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"ndmem.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # click's signature
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"{EXAMPLE}ndmem run program.py",
)
@click.version_option(package_name="ndmem")
def cli() -> None:
    """Show where the array memory of a NumPy program goes."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    # Python has None for a stream that was closed when it started.
    sys.stdout = sys.stdout or _open_nothing()
    sys.stderr = sys.stderr or _open_nothing()
    try:
        with phrase(COMMAND_LINE):
            status: Any = cli.main(arguments, prog_name="ndmem", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        say(describe_usage(error))
        status = BAD_USAGE
    except NdmemError as error:
        say(str(error))
        status = BAD_USAGE
    except BrokenPipeError:
        # The reader closed the pipe, as `head` does; a flush at exit would fail again.
        _forget_output()
        status = 0
    except OSError as error:
        from .file_error import describe_file_error  # as above

        say(describe_file_error(error))
        if error.filename is None:
            _forget_output()
        status = BAD_USAGE
    except MemoryError:
        say("not enough memory to build the report; ndmem stats FILE needs less")
        status = BAD_USAGE
    except click.Abort:
        status = 130
    sys.exit(status)


def _open_nothing() -> IO[str]:
    return Path(os.devnull).open("w", encoding="utf-8")


def _forget_output() -> None:
    """Discard the rest of the output, so that the flush at exit succeeds."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

"""Write click's errors of usage as ndmem's: what is wrong, and what to do next, in one line."""

from __future__ import annotations

import click

_ALIKE = 0.7
EXAMPLE = "Example: "
"""Beginning of the last line of a command's help."""


def describe_usage(error: click.ClickException) -> str:
    """Return the message of an error of usage.

    Parameters
    ----------
    error : click.ClickException
        The error; one that a command of ndmem raised has its next step already.
    """
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "ndmem"
    if isinstance(error, click.NoSuchOption):
        return f"{error.option_name} is not an option of {command}; {_suggest_option(error, context, command)}"
    if isinstance(error, click.MissingParameter):
        return f"{_name_parameter(error)} is missing; write for example: {_write_example(context, command)}"
    if type(error) is click.UsageError and context is not None and ";" not in error.message:
        return f"{error.format_message().rstrip('.')}; {command} --help shows the usage"
    message = error.format_message()
    if isinstance(error, click.BadOptionUsage):
        return f"{message.rstrip('.')}; the option --help shows an example"
    if isinstance(error, click.BadParameter) and error.param is not None and isinstance(error.param.type, click.Path):
        return f"{message.rstrip('.')}; name a file"
    return message


def _suggest_option(error: click.NoSuchOption, context: click.Context | None, command: str) -> str:
    import difflib  # only for an error: each command imports this module

    names = [] if context is None else [name for param in context.command.get_params(context) for name in param.opts]
    if close := difflib.get_close_matches(
        error.option_name, [name for name in names if name.startswith("--")], 1, _ALIKE
    ):
        return f"did you mean {close[0]}?"
    if error.option_name.removeprefix("--") in _list_formats(context):
        return f"write --format {error.option_name.removeprefix('--')}"
    if context is not None and context.parent is None:
        return "options come after the command, as in: ndmem run -o FILE program.py"
    return f"{command} --help lists the options"


def _list_formats(context: click.Context | None) -> tuple[str, ...]:
    """Return what the command's option --format takes."""
    params = [] if context is None else context.command.get_params(context)
    types = [param.type for param in params if "--format" in param.opts]
    return tuple(str(choice) for kind in types if isinstance(kind, click.Choice) for choice in kind.choices)


def _name_parameter(error: click.MissingParameter) -> str:
    param = error.param
    if param is None:
        return error.format_message().rstrip(".")
    return param.human_readable_name if isinstance(param, click.Argument) else param.opts[-1]


def _write_example(context: click.Context | None, command: str) -> str:
    epilog = None if context is None else context.command.epilog
    return epilog.removeprefix(EXAMPLE) if epilog else f"{command} --help"

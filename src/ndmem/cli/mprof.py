"""``ndmem mprof``: memory_profiler's command, with its options and its files."""

from pathlib import Path
from typing import Any

import click

from ndmem.integrations.mprof.choose import choose_files, choose_last, describe_time, list_files

from .mprof_run import attach, run
from .usage import EXAMPLE

_NUMBERED = {"ignore_unknown_options": True}
"""Settings of commands whose arguments may be -1, the newest file."""


class _FileType(click.ParamType):  # type: ignore[type-arg]  # generic only for type checkers, since click 8.2
    """A file by its name, or by its number in ``ndmem mprof list``."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it, or fail if it is an unknown option."""
        if str(value).startswith("-") and not str(value)[1:].isdecimal():
            raise click.NoSuchOption(str(value), ctx=ctx)
        return str(value)


class _WindowType(click.ParamType):  # type: ignore[type-arg]  # generic only for type checkers, since click 8.2
    """Two numbers of seconds: ``0,20.5``."""

    name = "begin,end"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        """Return the two, or fail with the reason."""
        try:
            begin, end = map(float, str(value).split(","))
        except ValueError:
            begin, end = 0.0, 0.0
        if not begin < end:
            self.fail(f"{value!r} is not two numbers of seconds, the first the smaller; write for example 0,20.5")
        return begin, end


class _Commands(click.Group):
    """The commands of mprof, with a suggestion for a word that is not one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:  # click's signature
        if args[0] not in self.commands and not ctx.resilient_parsing:
            from .unknown_command import suggest_command  # only for an error

            raise click.UsageError(suggest_command(args, self.commands, of="ndmem mprof", find=_find_command))
        return super().resolve_command(ctx, args)


def _find_command(word: str) -> str | None:
    return {".py": "run", ".dat": "plot"}.get(Path(word).suffix)


@click.group("mprof", cls=_Commands, invoke_without_command=True, epilog=f"{EXAMPLE}ndmem mprof run program.py")
@click.pass_context
def command(context: click.Context) -> None:
    """Sample the memory of a program over time, and show it.

    The commands, options and files are those of memory_profiler's mprof.
    """
    if context.invoked_subcommand is None:
        raise click.UsageError("no command given; write for example: ndmem mprof run script.py, or ndmem mprof --help")


command.add_command(run)
command.add_command(attach)


@command.command("list", epilog=f"{EXAMPLE}ndmem mprof list")
def list_() -> None:
    """List the files in this folder, with their numbers."""
    for number, path in enumerate(list_files()):
        click.echo(f"{number} {path} {describe_time(path)}")


@command.command("rm", context_settings=_NUMBERED, epilog=f"{EXAMPLE}ndmem mprof rm 0 -1")
@click.option("--dry-run", is_flag=True, help="Only list them.")
@click.argument("files", nargs=-1, required=True, type=_FileType())
def rm(files: tuple[str, ...], *, dry_run: bool) -> None:
    """Remove FILES, by number or name."""
    _remove(choose_files(files), dry_run=dry_run)


@command.command("clean", epilog=f"{EXAMPLE}ndmem mprof clean --dry-run")
@click.option("--dry-run", is_flag=True, help="Only list them.")
def clean(*, dry_run: bool) -> None:
    """Remove all files of mprof run that are in this folder."""
    _remove(list_files(), dry_run=dry_run)


def _remove(files: list[Path], *, dry_run: bool) -> None:
    if dry_run:
        click.echo("\n".join(["Files to be removed: ", *map(str, files)]))
        return
    for path in files:
        path.unlink()


@command.command("peak", context_settings=_NUMBERED, epilog=f"{EXAMPLE}ndmem mprof peak -1")
@click.option("--func", help="Only count samples while this function, decorated with @profile, ran.")
@click.argument("files", nargs=-1, type=_FileType())
def peak(files: tuple[str, ...], func: str | None) -> None:
    """Print the highest memory of FILES, by number or name, or of the newest one here."""
    from ndmem.integrations.mprof.dat_file import read_dat

    for path in _choose(files):
        found = read_dat(path)
        samples = found.samples if func is None else found.samples_during(func)
        most = max((sample.memory_mib for sample in samples), default=float("nan"))
        click.echo(f"{path}\t{most:.3f} MiB")
        for child, of_child in found.children.items():
            click.echo(f"  Child {child}\t\t\t{max(sample.memory_mib for sample in of_child):.3f} MiB")


@command.command("plot", context_settings=_NUMBERED, epilog=f"{EXAMPLE}ndmem mprof plot -o memory.html")
@click.option("-t", "--title", help="Title of the picture. Default: the command that was run.")
@click.option("-n", "--no-function-ts", is_flag=True, help="Do not draw the calls of functions.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path),
              help="HTML, or with Kaleido .png, .svg, .pdf.  [default: the first file's name and .html]")  # fmt: skip
@click.option("-w", "--window", type=_WindowType(), help="Seconds to show: 0,20.5.")
@click.option("-f", "--flame", is_flag=True, help="Draw calls as bars, one above the other.")
@click.option("-s", "--slope", is_flag=True, help="Draw the straight line through the samples, with its slope.")
@click.option("--backend", hidden=True, help="Ignored: it selects Matplotlib's backend, and Plotly draws here.")
@click.argument("files", nargs=-1, type=_FileType())
def plot(
    files: tuple[str, ...], title: str | None, no_function_ts: bool, output: Path | None,
    window: tuple[float, float] | None, flame: bool, slope: bool, backend: str | None,
) -> None:  # fmt: skip
    """Draw FILES, by number or name, or the newest one here."""
    from ndmem.integrations.mprof import picture  # needs NumPy
    from ndmem.integrations.mprof.dat_file import read_dat

    chosen = _choose(files)
    target = output or chosen[0].with_suffix(".html")
    if target.suffix.lower() not in picture.HTML + picture.IMAGES:
        raise click.UsageError(
            f"cannot draw {target}; choose a name that ends in one of {', '.join(picture.HTML + picture.IMAGES)}"
        )
    calls = picture.Calls.FLAME if flame else picture.Calls.BRACKETS
    shown = picture.Picture(title, window, picture.Calls.NONE if no_function_ts else calls, slope)
    picture.draw([read_dat(path) for path in chosen], shown, target)
    click.echo(f"wrote {target}")


def _choose(files: tuple[str, ...]) -> list[Path]:
    if files:
        return choose_files(files)
    last = choose_last()
    click.echo("Using last profile data.")
    return [last]

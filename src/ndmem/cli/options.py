"""Options that several commands share, and the types of their values."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ndmem.errors import NdmemError, UnitError
from ndmem.units import parse_nbytes

from .message import say

if TYPE_CHECKING:
    from ndmem.api import Run


def check_page(html: Path) -> None:
    """Check that a page can be written, before the work that may take hours.

    Raises
    ------
    click.UsageError
        If its folder does not exist.
    """
    if not html.absolute().parent.is_dir():
        raise click.UsageError(f"cannot write {html}: its folder does not exist; choose another path with --html")


def check_packages(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of packages, or fail with the first that is not one."""
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            raise click.UsageError(
                f"--package {name!r} is not the name of a package; write it as it is imported, for example my_package"
            )
    return names


def warn_of_packages(run: "Run", packages: tuple[str, ...]) -> None:
    """Say which of the packages that the user named have no code in a run: a misspelled name changes nothing else."""
    files = {site.filename.replace("\\", "/") for site in run.trace.sites}
    for name in packages:
        path = f"/{name.replace('.', '/')}"
        if files and not any(f"{path}/" in file or file.endswith(f"{path}.py") for file in files):
            say(f"--package {name}: this run has no code of such a package; write its name as it is imported")


PACKAGE_OPTION = click.option(
    "--package",
    "packages",
    metavar="NAME",
    multiple=True,
    callback=check_packages,
    help="Treat this installed package as your own code; can be repeated.",
)
"""Of the commands that tell the user's code from that of libraries."""


class SecondsType(click.FloatRange):
    """Seconds since the start of a run."""

    name = "seconds"

    def __init__(self) -> None:
        super().__init__(min=0)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read the option's value, or fail with its name."""
        try:
            float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number of seconds; write for example 1.5", param, ctx)
        return float(super().convert(value, param, ctx))


class BudgetType(click.ParamType):  # type: ignore[type-arg]  # generic only for type checkers, since click 8.2
    """A budget: bytes, a share such as ``50%`` of what the machine allows, or ``auto``."""

    name = "budget"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return bytes, or fail with the reason."""
        from ndmem.api import read_budget

        try:
            return read_budget(value)
        except NdmemError as error:
            self.fail(str(error), param, ctx)


class NbytesType(click.ParamType):  # type: ignore[type-arg]  # generic only for type checkers, since click 8.2
    """A number of bytes: ``4KiB``, ``1.5 GiB``, ``4096``."""

    name = "bytes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return bytes, or fail with the reason."""
        try:
            return parse_nbytes(value)
        except UnitError as error:
            self.fail(str(error), param, ctx)


FORCE_OPTION = click.option("-f", "--force", is_flag=True, help="Overwrite the file of a previous run.")

THRESHOLD_OPTION = click.option(
    "--threshold",
    type=NbytesType(),
    default="4KiB",
    show_default=True,
    help="Record buffers of at least this size one by one; only count smaller ones.",
)

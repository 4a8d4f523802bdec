"""Kinds of option values that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ndmem.errors import NdmemError, UnitError
from ndmem.units import parse_nbytes


def check_page(html: Path) -> None:
    """Say what would keep a page from being written before there is anything to write, which may take hours.

    Raises
    ------
    click.UsageError
        If its folder does not exist.
    MissingError
        If what a page needs is not installed.
    """
    from ndmem.reporting.html.plotlyjs import need_html  # noqa: PLC0415  # 2 ms before each program

    need_html()
    if not html.absolute().parent.is_dir():
        raise click.UsageError(f"cannot write {html}: its folder does not exist; name another place with --html")


class BudgetType(click.ParamType):  # type: ignore[type-arg]  # as below
    """A budget: bytes, a share such as ``50%`` of what the machine allows, or ``auto``."""

    name = "budget"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return bytes, or fail with the reason."""
        from ndmem.budgets.amount import read_budget  # noqa: PLC0415  # only who sets a limit pays for it

        try:
            return read_budget(value)
        except NdmemError as error:
            self.fail(str(error), param, ctx)


class NbytesType(click.ParamType):  # type: ignore[type-arg]  # generic only for type checkers, since click 8.2
    """A count of bytes as a person writes it: ``4KiB``, ``1.5 GiB``, ``4096``."""

    name = "bytes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return bytes, or fail with the reason."""
        try:
            return parse_nbytes(value)
        except UnitError as error:
            self.fail(str(error), param, ctx)

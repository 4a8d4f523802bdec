"""Kinds of option values that several commands take."""

from __future__ import annotations

from typing import Any

import click

from ndmem.errors import UnitError
from ndmem.units import parse_nbytes


class NbytesType(click.ParamType):  # type: ignore[type-arg]  # generic only for type checkers, since click 8.2
    """A count of bytes as a person writes it: ``4KiB``, ``1.5 GiB``, ``4096``."""

    name = "bytes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return bytes, or fail with the reason."""
        try:
            return parse_nbytes(value)
        except UnitError as error:
            self.fail(str(error), param, ctx)

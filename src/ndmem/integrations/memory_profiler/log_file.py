"""A stream that writes to a logger."""

from __future__ import annotations

import logging
import re

_INCREMENT = re.compile(r"^\s*\d+\s+\S+ MiB\s+(?P<increment>-?[\d.]+) MiB")


class LogFile:
    """Takes what is printed to a logger, a record a line.

    Parameters
    ----------
    name : str, optional
        Of the logger.
    reportIncrementFlag : bool
        Of the table take only lines whose increment is not zero.
    """

    def __init__(self, name: str | None = None, reportIncrementFlag: bool = False) -> None:  # noqa: N803  # its signature
        self.logger = logging.getLogger(name)
        self.reportIncrementFlag = reportIncrementFlag

    def write(self, buf: str) -> None:
        """Take some text; empty lines are left out."""
        for line in buf.splitlines():
            if not line.strip():
                continue
            match = _INCREMENT.match(line)
            if not self.reportIncrementFlag or (match is not None and float(match["increment"]) != 0):
                self.logger.info(line.rstrip())

    def flush(self) -> None:
        """Have the handlers write."""
        for handler in self.logger.handlers:
            handler.flush()

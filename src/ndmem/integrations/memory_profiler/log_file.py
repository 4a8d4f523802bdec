"""A stream that writes to a logger."""

import logging
import re

_INCREMENT = re.compile(r"^\s*\d+\s+\S+ MiB\s+(?P<increment>-?[\d.]+) MiB")


class LogFile:
    """A stream that writes each line to a logger, as a record.

    Parameters
    ----------
    name : str, optional
        Name of the logger.
    reportIncrementFlag : bool
        Only log the table's lines whose increment is not zero.
    """

    def __init__(self, name: str | None = None, reportIncrementFlag: bool = False) -> None:  # noqa: N803  # its signature
        self.logger = logging.getLogger(name)
        self.reportIncrementFlag = reportIncrementFlag

    def write(self, buf: str) -> None:
        """Log the lines of a text, without empty ones."""
        for line in buf.splitlines():
            if not line.strip():
                continue
            match = _INCREMENT.match(line)
            if not self.reportIncrementFlag or (match is not None and float(match["increment"]) != 0):
                self.logger.info(line.rstrip())

    def flush(self) -> None:
        """Flush the logger's handlers."""
        for handler in self.logger.handlers:
            handler.flush()

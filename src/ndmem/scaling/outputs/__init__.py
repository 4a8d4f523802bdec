"""Arrays that are written in blocks of rows, into memory, files and libraries: one adapter a kind."""

from .output import Output, open_output

__all__ = ["Output", "open_output"]

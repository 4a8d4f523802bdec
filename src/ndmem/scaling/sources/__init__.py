"""Arrays that are read in blocks of rows, from memory, files and libraries: one adapter a kind."""

from .source import Source, open_source

__all__ = ["Source", "open_source"]

"""Sizes of the arrays in files, read from the headers without loading the data."""

from .stored import Stored, stored_arrays

__all__ = ["Stored", "stored_arrays"]

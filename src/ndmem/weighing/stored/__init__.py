"""What files of arrays would weigh when they are loaded, read from their headers alone."""

from .stored import Stored, stored_arrays

__all__ = ["Stored", "stored_arrays"]

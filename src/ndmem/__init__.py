"""The memory monitor for NumPy programs."""

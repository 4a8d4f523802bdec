"""Measure which pages are in RAM, which belong to files, and which are shared between processes."""

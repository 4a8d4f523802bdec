"""Edits: how fixes are applied to the text of source files, and written as a patch."""

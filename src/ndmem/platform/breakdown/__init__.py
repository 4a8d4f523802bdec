"""Divide the resident memory of a process into parts.

`snapshot` reads the memory map (`smaps`), malloc's figures (`heap`) and blocks (`chunks`), Python's arenas
(`small_objects`) and `stacks` at one moment; `explain` divides it. `outside` does the same for another process, as far
as the system shows it.
"""

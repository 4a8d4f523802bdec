"""Track the program from inside: everything here runs in the user's process and imports nothing heavy.

`inject/sitecustomize` starts `agent`, `spawn_hooks` follows what the program starts. A program that has not imported
NumPy, click or rich must not find them imported because it is tracked; a test and import-linter check that.
"""

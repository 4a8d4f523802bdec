"""The command line: one file for each command, which reads its options and calls `ndmem.api`.

`main` finds and imports the commands: `run`, `report`, `diff`, `live`, `stats`, `predict`, `weigh`, `limits`,
`breakdown`, `mprof` with `mprof_run`. `options` has types of option values, `waiting` shows progress, `message` writes
one line to stderr.
"""

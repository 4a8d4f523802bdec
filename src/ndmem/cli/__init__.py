"""The command line: one file a command; only calls `ndmem.api`.

`main` finds the commands: `run`, `report`, `diff`, `live`, `stats`, `predict`, `weigh`, `limits`, `breakdown`,
`mprof` with `mprof_run`. `options` are kinds of values, `waiting` shows progress, `message` is one clear line.
"""

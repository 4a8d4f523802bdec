"""The command line: one file a command, which reads words and calls the parts that do the work.

`main` finds the commands: `run`, `report`, `diff`, `live`, `stats`, `predict`, `weigh`, `limits`, `breakdown`,
`mprof` with `mprof_run`. `options` are kinds of values, `waiting` shows progress, `message` is one clear line.
"""

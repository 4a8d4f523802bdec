"""The tracker: a measured Trace of a running program.

`launcher/` starts a program and waits for it, in ndmem's own process; `agent/` records inside the program; `journal/`
reads what the agent wrote; `line_profiler/` is `@profile`. `recorder` records in this process, `meter` measures for
`planning`, `partial` names the file of a record that is not finished, `support` says whether tracking works here.
"""

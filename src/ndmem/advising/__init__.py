"""Advice: what to change in a program, with the bytes that it saves.

`case` groups the buffers of a run by the expression that allocated them; `values`, `dtypes`, `derived`, `broadcasting`,
`viewing` and `execution` tell what an expression had in that run. `source/` reads the program's text. Each module of
`rules/` makes suggestions (`suggestion`); `replay` computes the peak that the run would have had with each; `advise`
keeps what is worth it, as findings. `leaks` finds what stays after each of several calls.
"""

"""Advice: what to change in a program, with the bytes that it saves.

`case` groups the buffers of a run by the expression that allocated them, `syntax` reads its source. Each module of
`rules/` makes suggestions; `replay` computes the peak that the run would have had with each; `advise` keeps what is
worth it, as findings.
"""

"""User-set budgets, and what happens when one is exceeded.

`amount` reads budgets, `limit` enforces them for a block or a call, `excess` describes an allocation that exceeded one,
`unused` warns of a limit without effect, `live_bytes` counts without a budget. `tracking/agent/program_limit` enforces
`ndmem run --limit` in the program.
"""

"""What the user allows: budgets, and what comes of passing them.

`amount` reads budgets, `limit` has them in force for a block or a call, `excess` says what passed one, `live_bytes`
counts without one. In a program, `tracking/program_limit` does it for `ndmem run --limit`.
"""

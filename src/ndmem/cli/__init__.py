"""The command line: one file a command; only calls `ndmem.api`."""

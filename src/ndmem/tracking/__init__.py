"""The tracker: a measured Trace of a running program."""

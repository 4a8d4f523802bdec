"""Watch programs that run."""

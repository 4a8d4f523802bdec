"""Run a function over a source in blocks: measure, plan, run, report."""

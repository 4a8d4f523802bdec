"""Live bytes over time: the curve of a run, its timeline, its layers by line, the peaks of its processes."""

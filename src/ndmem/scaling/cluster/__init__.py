"""Track the workers of a Dask cluster: `plugin` starts a `recording` on each, which sends messages; `merge` joins them.

`task_frames` gives each task group a frame in the call stacks of its tasks, so that the call tree itself says to which
task an allocation belongs.
"""

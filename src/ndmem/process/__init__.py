"""What the operating system says about memory.

There are `limits` with `cgroup` and `batch`, `fit` for whether something fits, `resident` for what is in RAM,
`mapped` for what is a file, `proportional` for what processes share, `alive` for whether the writer of a file runs,
`oom` for the kernel's kills. For `breakdown` it takes a `snapshot`: the memory map (`smaps`), what malloc says
(`heap`) and where its memory is (`chunks`), Python's arenas (`small_objects`), `stacks`; `explain` divides it, with
the live arrays of `weighing/extents`, and `outside` does what can be done of another process.
"""

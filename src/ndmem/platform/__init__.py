"""What the operating system says about memory: one file a question, the systems behind it.

`limits/` finds the memory limits of this process and whether something fits, `resident/` measures what is in RAM,
`breakdown/` divides RSS into its parts, `alive` says whether the writer of a file still runs.
"""

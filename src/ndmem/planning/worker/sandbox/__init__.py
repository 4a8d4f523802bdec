"""The sandbox: refuse operations of the function that have effects outside the child process.

`refusals` is an audit hook that refuses operations of Python code and names them. Below Python, `landlock` makes the
kernel refuse changes of files outside the working folder, and `system_call_filter` operations that Landlock does not
cover (`system_calls` has their numbers). A fork is cut off from its parent: `descriptors` replaces the open files, and
`shared_maps` the shared memory. `containment` finds which of these the system has, and applies them in order;
`uncontained` is the error if one fails.
"""

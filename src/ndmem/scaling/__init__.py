"""Work on arrays that do not fit into memory: block sizes, runs in blocks, clusters."""

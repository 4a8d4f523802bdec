"""Parts of `ndmem.chunks`: the shape of a chunk, the processes that it has to fit in, the code to paste."""

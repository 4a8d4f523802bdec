"""Start a program under the tracker and see it to its end: everything here runs in ndmem's own process."""

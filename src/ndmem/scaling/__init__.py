"""What does not fit into one machine's memory: blocks whose size is measured, and clusters of workers."""

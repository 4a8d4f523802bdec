"""What does not fit one machine's memory: blocks whose size is measured, and clusters of workers."""

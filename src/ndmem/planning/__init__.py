"""The peak of a NumPy function before it is run: measured at small sizes, carried to the real one."""

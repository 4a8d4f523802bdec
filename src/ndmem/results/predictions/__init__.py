"""What `ndmem.predict` returns, and the verb itself."""

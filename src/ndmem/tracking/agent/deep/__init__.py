"""What ``ndmem run --deep`` looks at in the program: the values of arrays, and numbers in lists and objects."""

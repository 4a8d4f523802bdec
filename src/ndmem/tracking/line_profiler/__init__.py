"""`@ndmem.profile`: a function's arrays line by line, from line events of that function alone."""

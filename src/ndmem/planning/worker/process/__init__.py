"""The child process that runs the function: start it by fork or afresh, watch it, and end it."""

"""Run the function in a child process: a fork or a fresh interpreter, inside a sandbox."""

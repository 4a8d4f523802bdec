"""The live page: a small server on this machine that shows a running program in a browser."""

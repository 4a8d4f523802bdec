"""Trials: run a program with and without a fix, in copies of its folder, and compare peaks and outputs."""

"""Passes over the call tree: its levels, the user's frames, library frames folded into them, stacks and icicles."""

"""The live arrays of this process, and what holds them."""

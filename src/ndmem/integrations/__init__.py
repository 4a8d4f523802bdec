"""Where ndmem is called from: notebooks and other tools."""

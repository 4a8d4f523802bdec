"""The magics of ``%load_ext ndmem``: `magics` registers them, the other files are one magic each."""

"""Pure functions from measured runs to the run at the real size: arrays in, arrays out."""

"""Real arguments of a call, and the samples of them that replace them in runs at small sizes."""

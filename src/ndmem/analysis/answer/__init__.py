"""The answer of a run as data: what its first sentences say."""

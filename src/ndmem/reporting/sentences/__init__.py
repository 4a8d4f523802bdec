"""Sentences about a trace: the answer, the total peak, how the run ended, its headroom."""

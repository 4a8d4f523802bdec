"""Views of a Trace: pure functions, nothing here measures."""

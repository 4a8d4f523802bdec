"""The file of a journal: its blocks, its header, its records and events, each length and index checked."""

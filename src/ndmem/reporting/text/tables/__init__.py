"""Tables of a report for the terminal."""

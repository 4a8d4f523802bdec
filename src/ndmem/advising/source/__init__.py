"""What the program's source says: its expressions, what operations do, where values go and are read again."""

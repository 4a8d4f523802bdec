"""The line table and the function table: figures of all rows at once, and the source text of a row."""

"""Tables of the page and of notebooks: lines, arrays, native blocks, and the source."""

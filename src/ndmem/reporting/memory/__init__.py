"""What objects and processes hold, as text and HTML, for what `weigh`, `arrays`, `breakdown` and `limit` return."""

"""What objects and processes hold: a `weight`, the `live` arrays, a `breakdown` of RSS, an `excess` over a budget."""

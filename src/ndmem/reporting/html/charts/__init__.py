"""Data of the page's charts, and the library that draws them."""

"""The array memory of the tests of one run of pytest: `figures` are the nouns, `file` reads and writes them."""

"""The nouns: frozen dataclasses that say what happened, without a view of it."""

"""Watch what runs: the figures of a service."""

"""Ranks of a parallel job: the figures of each, their lines together, and what the job asked for and used."""

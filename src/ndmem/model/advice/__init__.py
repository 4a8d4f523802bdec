"""What advice consists of: findings, edits, trials, leaks."""

"""What the user's code contains and compares: its numbers, its operators, and the values of its operands."""

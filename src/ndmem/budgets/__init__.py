"""What the user allows: budgets, and what comes of passing them."""

"""How heavy an object is: owned, reachable, logical and resident bytes."""

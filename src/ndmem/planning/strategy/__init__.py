"""Choose what to measure next: larger sizes, thresholds, and extra runs if small sizes are inconclusive."""

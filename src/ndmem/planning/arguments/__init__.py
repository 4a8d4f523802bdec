"""Read the arguments of a prediction: dimensions, array specs, and samples of the arguments of any size."""

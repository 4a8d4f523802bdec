"""Lines that an object collects, and joins to an image at the end."""

import numpy as np


class Scanner:
    def __init__(self, count):
        self.lines = []

    def scan(self, y):
        self.lines.append(np.full(1_000, y, dtype=np.float64))

    def image(self):
        return np.array(self.lines)  # guilty


scanner = Scanner(1_000)
for y in range(1_000):
    scanner.scan(y)
image = scanner.image()
del scanner
print(image.shape, image[:, 10].sum())

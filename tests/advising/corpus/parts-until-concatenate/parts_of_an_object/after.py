"""Lines that an object collects, and joins to an image at the end."""

import numpy as np


class Scanner:
    def __init__(self, count):
        self.lines = np.empty((count, 1_000))

    def scan(self, y):
        self.lines[y] = y

    def image(self):
        return self.lines


scanner = Scanner(1_000)
for y in range(1_000):
    scanner.scan(y)
image = scanner.image()
del scanner
print(image.shape, image[:, 10].sum())

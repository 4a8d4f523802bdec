"""Label the pixels of an image by their brightness."""

import numpy as np


def label(image):
    labels = np.zeros(image.shape, dtype=np.uint8)
    for level, bound in enumerate((60, 120, 180), start=1):
        labels[image > bound] = level
    return labels


image = np.tile(np.arange(250, dtype=np.uint8), 4_000).reshape(1_000, 1_000)
labels = label(image)
print(labels[0, :5], [int((labels == level).sum()) for level in range(4)])

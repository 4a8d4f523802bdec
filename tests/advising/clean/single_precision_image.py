"""An image whose maths is in single precision already."""

import numpy as np

image = np.full((1_000, 1_500), 30, dtype=np.uint8)
unit = image / np.float32(255)
print(f"{unit.mean():.4f} {image[0, 0]}")

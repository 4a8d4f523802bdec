"""A Python number does not make single precision wider."""

import numpy as np

frames = np.ones((60, 200, 200), dtype=np.float32)
scaled = frames * 0.5
print(scaled.dtype, scaled[0, 0, 0], frames[0, 0, 0])
